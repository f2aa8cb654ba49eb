//! The rows as an aligned table and as JSON.

use std::fs;
use std::path::Path;

use comfy_table::{CellAlignment, Table, presets};

use crate::failure::{Doing, Failure};
use crate::row::Row;

const HEADINGS: [&str; 9] = ["row", "conns", "req/s", "CPU µs", "p50 ms", "p99 ms", "limit", "ratio", "group"];

/// The rows for a reader.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(HEADINGS);
    for row in rows {
        table.add_row(cells(row));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    for row in rows {
        if let Some(note) = &row.note {
            text.push_str(&format!("\n  {}: {note}", row.name));
        }
    }
    text.push('\n');
    text
}

/// Writes the rows as a JSON array.
pub(crate) fn write_json(rows: &[Row], file: &Path) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(rows).doing("writing the rows as JSON")?;
    fs::write(file, text + "\n").doing(&format!("writing {}", file.display()))
}

/// Rows that need no server's load show their value where the processor time stands.
fn cells(row: &Row) -> Vec<String> {
    let with_unit = |value: Option<f64>| match (value, row.unit) {
        (Some(value), Some(unit)) => format!("{value:.1} {unit}"),
        _ => String::new(),
    };
    let figure = row.cpu_us_per_request.map_or_else(|| with_unit(row.value), |cpu_us| format!("{cpu_us:.2}"));
    let limit = row.limit_cpu_us.map_or_else(|| with_unit(row.limit), |cpu_us| format!("{cpu_us:.2}"));
    let ratio = row.ratio.map_or(String::new(), |ratio| format!("{ratio:.2}{}", if ratio > 1.0 { " !" } else { "  " }));
    vec![
        row.name.clone(),
        row.connections.map_or(String::new(), |connections| connections.to_string()),
        row.requests_per_second.map_or(String::new(), |rate| format!("{rate:.0}")),
        figure,
        row.p50_ms.map_or(String::new(), |p50| format!("{p50:.2}")),
        row.p99_ms.map_or(String::new(), |p99| format!("{p99:.2}")),
        limit,
        ratio,
        row.mean_group.map_or(String::new(), |group| format!("{group:.1}")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_shows_what_it_has_and_marks_what_is_over() {
        let load = Row {
            name: "issue_es256".to_owned(),
            connections: Some(64),
            requests_per_second: Some(28_400.4),
            cpu_us_per_request: Some(33.8),
            p50_ms: Some(2.2),
            p99_ms: Some(6.0),
            limit_cpu_us: Some(30.0),
            ratio: Some(1.127),
            mean_group: Some(28.0),
            note: Some("noisy".to_owned()),
            ..Row::default()
        };
        let start =
            Row { name: "start_1m".to_owned(), value: Some(5.0), limit: Some(50.0), unit: Some("ms"), ratio: Some(0.1), ..Row::default() };
        let text = table(&[load, start]);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[1], ["issue_es256", "64", "28400", "33.80", "2.20", "6.00", "30.00", "1.13", "!", "28.0"]);
        assert_eq!(lines[2], ["start_1m", "5.0", "ms", "50.0", "ms", "0.10"]);
        assert!(text.contains("issue_es256: noisy"));
    }

    #[test]
    fn json_has_every_field_in_every_row() {
        let text = serde_json::to_string(&Row::default()).expect("a row is JSON");
        for field in [
            "name",
            "requests_per_second",
            "cpu_us_per_request",
            "p50_ms",
            "p99_ms",
            "limit_cpu_us",
            "ratio",
            "mean_group",
            "limit",
            "unit",
        ] {
            assert!(text.contains(&format!("\"{field}\":")), "{field}");
        }
    }
}
