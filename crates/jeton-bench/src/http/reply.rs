//! Finds the end of an answer, its status and its body.

/// The frame of one answer at the start of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    body_start: usize,
    end: usize,
}

impl Reply {
    /// The answer at the start of `bytes`; `Ok(None)` when more must be read, `Err` says what is wrong with it.
    ///
    /// Only answers with a length are understood: the measured endpoints send no others.
    pub(crate) fn find(bytes: &[u8]) -> Result<Option<Self>, &'static str> {
        let Some(head_length) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let head = bytes.get(..head_length).unwrap_or_default();
        let status = head
            .strip_prefix(b"HTTP/1.1 ")
            .and_then(|rest| number(rest.get(..3)?))
            .and_then(|status| u16::try_from(status).ok())
            .ok_or("the answer does not start with an HTTP/1.1 status")?;
        let body_start = head_length + 4;
        let length = match content_length(head)? {
            Some(length) => length,
            None if status == 204 || status == 304 => 0,
            None => return Err("the answer has no Content-Length"),
        };
        let end = body_start + length;
        Ok((bytes.len() >= end).then_some(Self { status, body_start, end }))
    }

    /// The body within the buffer the answer was found in.
    pub(crate) fn body<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.body_start..self.end).unwrap_or_default()
    }

    /// Bytes that the whole answer takes.
    pub(crate) fn length(&self) -> usize {
        self.end
    }
}

fn content_length(head: &[u8]) -> Result<Option<usize>, &'static str> {
    const NAME: &[u8] = b"content-length:";
    for line in head.split(|byte| *byte == b'\n') {
        if let Some((name, value)) = line.split_at_checked(NAME.len())
            && name.eq_ignore_ascii_case(NAME)
        {
            return number(value.trim_ascii()).map(Some).ok_or("the Content-Length is no number");
        }
    }
    Ok(None)
}

fn number(digits: &[u8]) -> Option<usize> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: Result<Option<(u16, &str)>, ()>) {
        let found = Reply::find(input.as_bytes());
        let found = found.map(|reply| reply.map(|reply| (reply.status, reply.body(input.as_bytes())))).map_err(|_| ());
        assert_eq!(found, expected.map(|reply| reply.map(|(status, body)| (status, body.as_bytes()))), "{input:?}");
    }

    #[test]
    fn whole_answers_are_found_and_parts_waited_for() {
        let whole = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
        check(whole, Ok(Some((200, "hello"))));
        check(&format!("{whole}HTTP/1.1 4"), Ok(Some((200, "hello"))));
        for end in 0..whole.len() {
            check(whole.get(..end).expect("ASCII"), Ok(None));
        }
        check("HTTP/1.1 204 No Content\r\n\r\n", Ok(Some((204, ""))));
        check("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Ok(Some((200, ""))));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        check("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", Err(()));
        check("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", Err(()));
        check("SSH-2.0\r\n\r\n", Err(()));
        check("HTTP/1.1 2\r\n\r\n", Err(()));
    }
}
