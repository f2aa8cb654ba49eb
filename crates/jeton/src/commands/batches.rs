//! Many things in several requests: so many at a time, as bodies have room for them.

use serde_json::{Value, json};

/// The most things of a request, and about how many bytes.
const AT_ONCE: usize = 100;
const BATCH_BYTES: usize = 48 * 1024;

/// A row of a table: its number, and what it says, as the API takes it; or what is wrong with it.
pub(crate) type Row = (u64, Result<Value, String>);

/// What is sent together: each with the number of its row.
pub(crate) type Batch = Vec<(u64, Value)>;

/// The rows in batches, in their order; and those that say nothing that could be sent, with what is wrong with them.
pub(crate) fn batches(rows: Vec<Row>) -> (Vec<Batch>, Vec<(u64, String)>) {
    let (mut all, mut wrong): (Vec<Batch>, _) = (vec![], vec![]);
    let mut bytes = 0;
    for (number, row) in rows {
        match row {
            Ok(value) => {
                let size = value.to_string().len();
                match all.last_mut() {
                    Some(last) if last.len() < AT_ONCE && bytes + size <= BATCH_BYTES => {
                        last.push((number, value));
                        bytes += size;
                    }
                    _ => {
                        all.push(vec![(number, value)]);
                        bytes = size;
                    }
                }
            }
            Err(detail) => wrong.push((number, detail)),
        }
    }
    (all, wrong)
}

/// A row that is not sent, as the API tells of one that it refuses.
pub(crate) fn wrong_row((line, detail): (u64, String)) -> Value {
    json!({ "line": line, "code": "invalid_request", "detail": detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sizes: &[usize], expected: &[usize]) {
        let rows = (1..).zip(sizes).map(|(number, size)| (number, Ok(Value::from("x".repeat(*size))))).collect();
        let (all, wrong) = batches(rows);
        assert_eq!((all.iter().map(Vec::len).collect::<Vec<_>>(), wrong), (expected.to_vec(), vec![]));
        let numbers: Vec<u64> = all.iter().flatten().map(|(number, _)| *number).collect();
        assert!(numbers.is_sorted() && numbers.len() == sizes.len());
    }

    #[test]
    fn so_many_at_a_time() {
        check(&[], &[]);
        check(&[1; 100], &[100]);
        check(&[1; 201], &[100, 100, 1]);
        check(&[30_000, 30_000, 10_000, 10_000], &[1, 2, 1]);
        check(&[90_000, 1], &[1, 1]);
        let (all, wrong) = batches(vec![(2, Err("no".to_owned())), (3, Ok(Value::Null))]);
        assert_eq!((all, wrong), (vec![vec![(3, Value::Null)]], vec![(2, "no".to_owned())]));
    }
}
