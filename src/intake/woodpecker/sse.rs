//! Reads a stream of server-sent events (HTML, section 9.2.6). Invariants: it does not matter how the bytes are cut
//! into pieces; no event is longer than [`Reader::LIMIT`]; comments and fields other than `data` are passed over.

/// An event is longer than [`Reader::LIMIT`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of more than {} bytes came", Reader::LIMIT)]
pub(super) struct TooLong;

/// What has come so far of the next event.
#[derive(Debug, Default)]
pub(super) struct Reader {
    line: Vec<u8>,
    data: Vec<u8>,
    /// The last byte was a carriage return, which a line feed may belong to.
    after_return: bool,
}

impl Reader {
    /// How long an event may be: more than a pipeline with all its workflows and the names of its changed files.
    pub(super) const LIMIT: usize = 4 * 1024 * 1024;

    /// Takes the next piece; the data of each event that it completes.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, TooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            let continues = std::mem::replace(&mut self.after_return, byte == b'\r') && byte == b'\n';
            match byte {
                _ if continues => {}
                b'\r' | b'\n' => events.extend(self.end_line()),
                _ => self.line.push(byte),
            }
            if self.line.len() + self.data.len() > Self::LIMIT {
                return Err(TooLong);
            }
        }
        Ok(events)
    }

    /// Takes the line that has ended; an event, if that ends one.
    fn end_line(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.line);
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line);
        if line.is_empty() {
            let mut data = std::mem::take(&mut self.data);
            return data.pop().map(|_| data);
        }
        if let Some(value) = line.strip_prefix(b"data:") {
            self.data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
            self.data.push(b'\n');
        } else if line == b"data" {
            self.data.push(b'\n');
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &str =
        ": ping\n\ndata: {\"a\":1}\n\nevent: other\r\ndata:two\r\ndata: lines\r\rdata\n\ndata: cut off";

    fn read<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Result<Vec<Vec<u8>>, TooLong> {
        let mut reader = Reader::default();
        let all: Result<Vec<_>, _> = pieces.into_iter().map(|piece| reader.take(piece)).collect();
        Ok(all?.concat())
    }

    #[test]
    fn comments_are_passed_over_and_lines_of_data_are_joined() {
        let events = read([STREAM.as_bytes()]).unwrap();
        assert_eq!(events, [&b"{\"a\":1}"[..], b"two\nlines", b""]);
    }

    #[test]
    fn an_event_without_end_is_given_up() {
        let piece = vec![b'x'; 1 << 20];
        assert_eq!(read(std::iter::repeat_n(&*piece, 5)), Err(TooLong));
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_a_stream_is_cut(cuts in prop::collection::vec(0..STREAM.len(), 0..20)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut rest = STREAM.as_bytes();
            for cut in cuts.into_iter().rev() {
                let (before, piece) = rest.split_at(cut);
                pieces.push(piece);
                rest = before;
            }
            pieces.push(rest);
            prop_assert_eq!(read(pieces.into_iter().rev()), read([STREAM.as_bytes()]));
        }

        #[test]
        fn any_bytes_are_read_the_same_in_pieces(
            bytes in prop::collection::vec(prop::sample::select(b"\r\n: dat\xef\xbb\xbf\xff".to_vec()), 0..200),
            size in 1..7_usize,
        ) {
            prop_assert_eq!(read(bytes.chunks(size)), read([&*bytes]));
        }
    }
}
