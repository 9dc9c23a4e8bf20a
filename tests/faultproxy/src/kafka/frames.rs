//! Frames: four bytes of length, then so many bytes.

use bytes::{Buf, BytesMut};

/// No frame of a broker with sane settings is longer.
const FRAME_BYTES_MAX: usize = 128 * 1024 * 1024;

/// A length that no frame can have: the stream is not Kafka's, or out of step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {length} bytes cannot be")]
pub struct FrameError {
    /// What was read as the length.
    pub length: i32,
}

/// Puts a stream together again, whatever the pieces were.
#[derive(Debug, Default)]
pub struct Frames {
    buffer: BytesMut,
}

impl Frames {
    /// Takes the next piece of the stream.
    pub fn push(&mut self, piece: &[u8]) {
        self.buffer.extend_from_slice(piece);
    }

    /// The next whole frame, without its length.
    ///
    /// # Errors
    /// The stream holds no frames; nothing after this can be trusted.
    pub fn pop(&mut self) -> Result<Option<BytesMut>, FrameError> {
        let Some((length, rest)) = self.buffer.split_first_chunk::<4>() else {
            return Ok(None);
        };
        let length = i32::from_be_bytes(*length);
        let wanted = usize::try_from(length)
            .ok()
            .filter(|wanted| *wanted <= FRAME_BYTES_MAX)
            .ok_or(FrameError { length })?;
        if rest.len() < wanted {
            return Ok(None);
        }
        self.buffer.advance(4);
        Ok(Some(self.buffer.split_to(wanted)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(bodies: &[Vec<u8>]) -> Vec<u8> {
        let mut stream = Vec::new();
        for body in bodies {
            let length = i32::try_from(body.len()).unwrap();
            stream.extend(length.to_be_bytes());
            stream.extend(body);
        }
        stream
    }

    proptest! {
        #[test]
        fn any_slicing_gives_the_same_frames(
            bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..8),
            cuts in proptest::collection::vec(1_usize..20, 1..10),
        ) {
            let stream = framed(&bodies);
            let mut frames = Frames::default();
            let mut found = Vec::new();
            let mut rest = stream.as_slice();
            let mut cuts = cuts.into_iter().cycle();
            while !rest.is_empty() {
                let (piece, later) = rest.split_at(cuts.next().unwrap().min(rest.len()));
                frames.push(piece);
                rest = later;
                while let Some(frame) = frames.pop().unwrap() {
                    found.push(frame.to_vec());
                }
            }
            prop_assert_eq!(found, bodies);
        }

        #[test]
        fn garbage_is_frames_or_an_error(garbage: Vec<u8>) {
            let mut frames = Frames::default();
            frames.push(&garbage);
            while let Ok(Some(_)) = frames.pop() {}
        }
    }

    #[test]
    fn lengths_that_cannot_be_are_refused() {
        for length in [-1, i32::MIN, i32::MAX] {
            let mut frames = Frames::default();
            frames.push(&length.to_be_bytes());
            assert_eq!(frames.pop(), Err(FrameError { length }));
        }
    }
}
