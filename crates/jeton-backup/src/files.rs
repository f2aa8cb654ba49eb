//! Takes up the files that go with a snapshot: the configuration, and the access log.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::failure::Failure;
use crate::kept_file::{FileKind, FilePart, KeptFile};
use crate::names::{FILES, SnapshotId};
use crate::object::{self, Kind};
use crate::pieces::{Piece, Pieces};
use crate::seal::Sealing;
use crate::target::Target;
use crate::threads::beside_io;

/// A file to take up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it is.
    pub file: FileKind,
    /// Where it lies.
    pub at: PathBuf,
    /// What it is called in the manifest: where it lies in the data folder, or its name.
    pub path: String,
    /// The folder of one that lies elsewhere.
    pub folder: Option<String>,
    /// Whether nothing comes to it any more.
    pub is_finished: bool,
}

/// What files there are, whenever somebody asks.
#[derive(Clone, Default)]
pub struct Sources(Option<Arc<dyn Fn() -> Vec<Source> + Send + Sync>>);

impl Sources {
    /// Those that this finds.
    pub fn new(find: impl Fn() -> Vec<Source> + Send + Sync + 'static) -> Sources {
        Sources(Some(Arc::new(find)))
    }

    fn find(&self) -> Vec<Source> {
        self.0.as_ref().map_or_else(Vec::new, |find| find())
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Sources(…)")
    }
}

/// Takes files up.
pub(crate) struct Taking<'a> {
    pub(crate) target: &'a Target,
    pub(crate) sealing: &'a Sealing,
    pub(crate) id: &'a SnapshotId,
    /// What an earlier snapshot took up.
    pub(crate) known: &'a [KeptFile],
}

/// How many bytes of what is no text make a line: no padding but in the last.
const BYTES_A_LINE: usize = 57 * 1_024;

/// Those that are taken up so far.
struct Taken {
    files: Vec<KeptFile>,
    /// How many objects were put.
    parts: usize,
    /// What lies on the target, where earlier parts may be used again.
    there: BTreeMap<String, u64>,
    /// The files that were still written to, told apart from those of other names.
    growing: Vec<(u64, u64)>,
}

impl Taking<'_> {
    /// All of them. One that cannot be read keeps nobody from a backup: it is said in its place.
    pub(crate) async fn take(&self, sources: &Sources) -> Result<Vec<KeptFile>, Failure> {
        let mut taken = Taken { files: Vec::new(), parts: 0, there: self.there().await?, growing: Vec::new() };
        for source in sources.find().iter().filter(|source| !source.is_finished) {
            self.file(source, &mut taken).await?;
        }
        // Looked for once more: what was turned aside meanwhile is among them.
        for source in sources.find().iter().filter(|source| source.is_finished) {
            self.file(source, &mut taken).await?;
        }
        Ok(taken.files)
    }

    async fn there(&self) -> Result<BTreeMap<String, u64>, Failure> {
        if self.known.is_empty() {
            return Ok(BTreeMap::new());
        }
        Ok(self.target.list(FILES).await?.into_iter().map(|listed| (listed.name, listed.bytes)).collect())
    }

    async fn file(&self, source: &Source, taken: &mut Taken) -> Result<(), Failure> {
        let mut kept = KeptFile {
            file: source.file,
            path: source.path.clone(),
            folder: source.folder.clone(),
            bytes: 0,
            modified_at_seconds: 0,
            finished: source.is_finished,
            parts: Vec::new(),
            unread: None,
        };
        let (at, ends_with_a_line) = (source.at.clone(), source.file == FileKind::AccessLog && !source.is_finished);
        match on_thread(move || Pieces::open(&at, ends_with_a_line)).await? {
            Ok(None) => return Ok(()),
            Ok(Some((pieces, metadata))) => {
                if source.is_finished && taken.growing.contains(&inode(&metadata)) {
                    return Ok(());
                }
                kept.modified_at_seconds = metadata.mtime();
                if let Some(earlier) = self.earlier(&kept, &metadata, taken) {
                    kept = earlier.clone();
                } else {
                    if !source.is_finished {
                        taken.growing.push(inode(&metadata));
                    }
                    self.content(&mut kept, pieces, taken).await?;
                }
            }
            Err(error) => kept.unread = Some(error.to_string()),
        }
        taken.files.push(kept);
        Ok(())
    }

    /// The same file as an earlier snapshot took it up, where all of that is still there.
    fn earlier(&self, kept: &KeptFile, metadata: &Metadata, taken: &Taken) -> Option<&KeptFile> {
        let is_there = |part: &FilePart| taken.there.get(&part.name) == Some(&part.bytes);
        self.known.iter().filter(|_| kept.finished).find(|known| {
            (&known.path, &known.folder, known.file) == (&kept.path, &kept.folder, kept.file)
                && (known.bytes, known.modified_at_seconds) == (metadata.len(), kept.modified_at_seconds)
                && known.finished
                && known.unread.is_none()
                && known.parts.iter().all(is_there)
        })
    }

    async fn content(&self, kept: &mut KeptFile, mut pieces: Pieces, taken: &mut Taken) -> Result<(), Failure> {
        loop {
            let (again, piece) = beside_io(move || {
                let piece = pieces.next();
                Ok((pieces, piece))
            })
            .await?;
            pieces = again;
            match piece {
                Ok(Some(piece)) => {
                    taken.parts += 1;
                    kept.bytes += piece.bytes.len() as u64;
                    kept.parts.push(self.put(taken.parts, piece).await?);
                }
                Ok(None) => return Ok(()),
                Err(error) => {
                    kept.unread = Some(error.to_string());
                    return Ok(());
                }
            }
        }
    }

    async fn put(&self, number: usize, piece: Piece) -> Result<FilePart, Failure> {
        let (name, base64, sealing) = (self.id.file(number), !piece.is_text, self.sealing.clone());
        let mut lines = sealing.begin(Kind::File, &name)?;
        let sealed = beside_io(move || {
            let Piece { mut bytes, is_text } = piece;
            if is_text {
                if !bytes.ends_with(b"\n") {
                    bytes.push(b'\n');
                }
                let count = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
                lines.take(vec![bytes], count);
            } else {
                bytes.chunks(BYTES_A_LINE).for_each(|chunk| lines.push(&STANDARD.encode(chunk)));
            }
            sealing.seal(lines)
        })
        .await?;
        let part = FilePart { bytes: sealed.len() as u64, sha256: object::hexadecimal(&object::sha256(&sealed)), name, base64 };
        self.target.put(&part.name, sealed).await?;
        Ok(part)
    }
}

/// What the disk answers is told apart from a thread that ended.
async fn on_thread<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<io::Result<T>, Failure> {
    beside_io(move || Ok(work())).await
}

fn inode(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}
