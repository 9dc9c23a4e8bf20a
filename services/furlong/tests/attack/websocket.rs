//! Just enough of a WebSocket to break its rules.
//!
//! Duty: the opening, frames of any kind, and reading until an answer or the end. Prohibition:
//! no message is checked for being lawful; that is the server's duty.

use crate::http::{connect, read_head};
use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;

/// An open socket.
pub struct Socket(BufReader<TcpStream>);

/// What came.
#[derive(Debug)]
pub enum Came {
    Text(String),
    Close,
    /// The connection ended.
    End,
}

impl Socket {
    pub fn open(port: u16) -> io::Result<Self> {
        let mut stream = BufReader::new(connect(port)?);
        stream.get_mut().write_all(
            b"GET /v1/stream HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\n\
              connection: upgrade\r\nsec-websocket-version: 13\r\n\
              sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        )?;
        let (status, _) = read_head(&mut stream)?;
        assert_eq!(status, 101, "the server switches protocols");
        Ok(Self(stream))
    }

    /// A masked frame of this first byte. The server may have gone.
    pub fn send(&mut self, first: u8, payload: &[u8]) -> io::Result<()> {
        let mut frame = vec![first];
        let mask = [0x11, 0x22, 0x33, 0x44];
        match u16::try_from(payload.len()) {
            Ok(length @ 0..=125) => frame.push(0x80 | length.to_be_bytes()[1]),
            Ok(length) => {
                frame.push(0x80 | 126);
                frame.extend_from_slice(&length.to_be_bytes());
            }
            Err(_) => {
                frame.push(0x80 | 127);
                let length = u64::try_from(payload.len()).expect("a length");
                frame.extend_from_slice(&length.to_be_bytes());
            }
        }
        frame.extend_from_slice(&mask);
        frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(b, m)| b ^ m));
        self.send_raw(&frame)
    }

    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.send(0x81, text.as_bytes())
    }

    pub fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.get_mut().write_all(bytes)
    }

    /// The next message.
    pub fn next(&mut self) -> io::Result<Came> {
        loop {
            let mut head = [0; 2];
            match self.0.read_exact(&mut head) {
                Ok(()) => {}
                Err(error) if is_gone(&error) => return Ok(Came::End),
                Err(error) => return Err(error),
            }
            let length = match head[1] & 0x7f {
                126 => {
                    let mut length = [0; 2];
                    self.0.read_exact(&mut length)?;
                    usize::from(u16::from_be_bytes(length))
                }
                127 => {
                    let mut length = [0; 8];
                    self.0.read_exact(&mut length)?;
                    usize::try_from(u64::from_be_bytes(length)).expect("a length")
                }
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.0.read_exact(&mut payload)?;
            match head[0] & 0x0f {
                1 | 2 => {
                    return Ok(Came::Text(String::from_utf8_lossy(&payload).into_owned()));
                }
                8 => return Ok(Came::Close),
                _ => {}
            }
        }
    }
}

/// The other side has hung up, one way or another.
pub fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind as K;
    matches!(
        error.kind(),
        K::UnexpectedEof | K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe
    )
}
