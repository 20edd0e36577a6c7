//! How frames are packed (docs, "Gateway: Encoding and Compression"). Invariant: what goes in comes out of the
//! other end's inflater message by message, in order.

use std::io::Write as _;

use flate2::{Compress, Compression, FlushCompress, write::ZlibEncoder};
use tokio_tungstenite::tungstenite::Message;

/// The packing of one connection.
#[derive(Debug, Default)]
pub(crate) enum Packing {
    /// Text frames.
    #[default]
    Plain,
    /// Binary frames, each a zlib stream of its own (IDENTIFY's `compress`).
    Payload,
    /// Binary frames of one zlib stream, each ending in a sync flush (`compress=zlib-stream`).
    Transport(Box<Compress>),
}

impl Packing {
    /// One zlib stream for the whole connection.
    pub(crate) fn transport() -> Self {
        Self::Transport(Box::new(Compress::new(Compression::default(), true)))
    }

    /// Packs one message.
    pub(crate) fn pack(&mut self, text: String) -> std::io::Result<Message> {
        match self {
            Self::Plain => Ok(Message::Text(text)),
            Self::Payload => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(text.as_bytes())?;
                encoder.finish().map(Message::Binary)
            }
            Self::Transport(stream) => sync_flushed(stream, text.as_bytes()).map(Message::Binary),
        }
    }
}

/// Runs `input` through `stream` until the sync flush is out: zlib says so by leaving room in the output.
fn sync_flushed(stream: &mut Compress, mut input: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut output = Vec::with_capacity(input.len() / 2 + 64);
    loop {
        let before = stream.total_in();
        stream.compress_vec(input, &mut output, FlushCompress::Sync)?;
        let read = usize::try_from(stream.total_in() - before).unwrap_or(input.len());
        input = &input[read.min(input.len())..];
        if input.is_empty() && output.len() < output.capacity() {
            return Ok(output);
        }
        output.reserve(1024);
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_zlib_stream_gives_back_each_message_as_it_ends(messages in prop::collection::vec(".{0,3000}", 1..8)) {
            let mut packing = Packing::transport();
            let mut inflate = Decompress::new(true);
            for message in messages {
                let Message::Binary(bytes) = packing.pack(message.clone()).unwrap() else { panic!("not binary") };
                prop_assert!(bytes.ends_with(&[0, 0, 0xff, 0xff]));
                let mut text = Vec::with_capacity(message.len() + 64);
                inflate.decompress_vec(&bytes, &mut text, FlushDecompress::Sync).unwrap();
                prop_assert_eq!(text, message.into_bytes());
            }
        }
    }
}
