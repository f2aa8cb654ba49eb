//! A text as a picture that a telephone reads (QR code, ISO/IEC 18004), drawn by the browser itself: no image is fetched.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};
use zeroize::Zeroizing;

/// What must stay white around it, in modules (ISO/IEC 18004 section 9.1).
const QUIET: usize = 4;

/// Squares of one unit, as the path of an SVG.
pub(super) struct Picture {
    /// How wide and high it is, in units.
    pub(super) size: usize,
    /// What is black: it says what the text says.
    pub(super) path: Zeroizing<String>,
}

impl Picture {
    /// `None`: the text is too long for one.
    pub(super) fn of(text: &str) -> Option<Picture> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let (width, colors) = (code.width(), code.to_colors());
        // Room for all of it, so that no copy is left where it grew.
        let mut path = Zeroizing::new(String::with_capacity(colors.len() * 16));
        for (row, line) in colors.chunks(width).enumerate() {
            let mut column = 0;
            for run in line.chunk_by(|one, other| one == other) {
                if run.first() == Some(&Color::Dark) {
                    let (left, length) = (column + QUIET, run.len());
                    write!(path, "M{left} {}h{length}v1h-{length}z", row + QUIET).ok()?;
                }
                column += run.len();
            }
        }
        Some(Picture { size: width + 2 * QUIET, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_corners_are_where_readers_look_for_them() {
        let picture = Picture::of("otpauth://totp/x").unwrap();
        assert_eq!(picture.size % 4, 1, "17 + 4 for each version, and twice four");
        assert!(picture.path.starts_with("M4 4h7v1h-7z"), "{}", *picture.path);
        let right = picture.size - QUIET - 7;
        assert!(picture.path.contains(&format!("M{right} 4h7v1h-7z")));
    }

    /// What a telephone reads off a picture whose units are four pixels wide.
    fn read(picture: &Picture) -> String {
        const PIXELS: usize = 4;
        let mut dark = vec![vec![false; picture.size]; picture.size];
        for square in picture.path.split('M').skip(1) {
            let numbers: Vec<usize> = square.split([' ', 'h', 'v']).take(3).map(|number| number.parse().unwrap()).collect();
            dark[numbers[1]][numbers[0]..numbers[0] + numbers[2]].fill(true);
        }
        let side = picture.size * PIXELS;
        let shade = |x: usize, y: usize| if dark[y / PIXELS][x / PIXELS] { 0 } else { 255 };
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, shade);
        let grids = image.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().unwrap().1
    }

    #[test]
    fn a_telephone_reads_what_it_says() {
        for text in ["x", "otpauth://totp/id.example:ada?secret=GEZDGNBVGY3TQOJQ&issuer=id.example&algorithm=SHA1&digits=6&period=30"] {
            assert_eq!(read(&Picture::of(text).unwrap()), text);
        }
    }

    #[test]
    fn it_holds_the_longest_address_and_no_book() {
        assert!(Picture::of(&"x".repeat(600)).is_some());
        assert!(Picture::of(&"x".repeat(5_000)).is_none());
    }
}
