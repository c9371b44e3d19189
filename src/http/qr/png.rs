//! PNG of two colours (ISO/IEC 15948). Knows nothing of what is drawn.
//!
//! ## Decision
//! A picture of some 200 pixels a side at one bit a pixel is 5 KB as it stands, so it is stored and not compressed:
//! these few lines instead of a crate and its four. Every PNG reader reads stored blocks (RFC 1951, 3.2.4).

/// The most bytes of a stored block.
const BLOCK: usize = 0xffff;

/// A square picture, black where `is_dark(x, y)`.
pub fn bilevel(side: usize, is_dark: impl Fn(usize, usize) -> bool) -> Vec<u8> {
    let mut rows = Vec::with_capacity(side * (side / 8 + 2));
    for y in 0..side {
        // Filter 0: the bytes as they are.
        rows.push(0);
        for start in (0..side).step_by(8) {
            // 1 is white. The bits behind the last pixel of a row mean nothing.
            let bit = |byte: u8, x: usize| byte << 1 | u8::from(x < side && !is_dark(x, y));
            rows.push((start..start + 8).fold(0, bit));
        }
    }
    let side = u32::try_from(side).unwrap_or(u32::MAX).to_be_bytes();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    // Depth 1, greyscale; the one compression, filter and interlacing of nothing.
    chunk(&mut png, *b"IHDR", &[&side, &side, [1, 0, 0, 0].as_slice(), &[0]].concat());
    chunk(&mut png, *b"IDAT", &stored(&rows));
    chunk(&mut png, *b"IEND", &[]);
    png
}

fn chunk(png: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    png.extend_from_slice(&length(data).to_be_bytes());
    let typed = [&kind, data].concat();
    png.extend_from_slice(&typed);
    png.extend_from_slice(&crc32(&typed).to_be_bytes());
}

/// `data` as a zlib stream (RFC 1950) of stored blocks.
fn stored(data: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = data.chunks(BLOCK).peekable();
    while let Some(block) = blocks.next() {
        let size = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend_from_slice(&size.to_le_bytes());
        stream.extend_from_slice(&(!size).to_le_bytes());
        stream.extend_from_slice(block);
    }
    stream.extend_from_slice(&adler32(data).to_be_bytes());
    stream
}

fn length(data: &[u8]) -> u32 {
    u32::try_from(data.len()).unwrap_or(u32::MAX)
}

fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0xedb8_8320 } else { 0 })
    };
    !bytes.iter().fold(u32::MAX, step)
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1, 0), |(a, b): (u32, u32), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    b << 16 | a
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of both sums, as their specifications and every implementation give them.
    #[test]
    fn the_sums_are_the_published_ones() {
        assert_eq!((crc32(b"123456789"), crc32(b"IEND")), (0xcbf4_3926, 0xae42_6082));
        assert_eq!((adler32(b"Wikipedia"), adler32(b"")), (0x11e6_0398, 1));
    }

    #[test]
    fn long_data_is_stored_in_blocks_of_which_the_last_is_marked() {
        let stream = stored(&vec![7; BLOCK + 3]);
        assert_eq!(stream[2..7], [0, 0xff, 0xff, 0, 0]);
        assert_eq!(stream[7 + BLOCK..][..8], [1, 3, 0, 0xfc, 0xff, 7, 7, 7]);
        assert_eq!(stream.len(), 2 + 2 * 5 + BLOCK + 3 + 4);
    }

    #[test]
    fn a_small_picture_is_what_it_should_be() {
        // Nine pixels a side, the diagonal black.
        let png = bilevel(9, |x, y| x == y);
        assert_eq!(png[16..29], [0, 0, 0, 9, 0, 0, 0, 9, 1, 0, 0, 0, 0]);
        let rows = &png[41 + 7..][..27];
        assert_eq!(rows[..6], [0, 0b0111_1111, 0x80, 0, 0b1011_1111, 0x80]);
        assert_eq!(rows[24..], [0, 0xff, 0]);
    }
}
