//! An HTTP response as a crawl keeps it (RFC 9112): status, headers, body with its encodings
//! undone. Headers that promise an encoding the body is not in are common, and not believed.

use std::borrow::Cow;
use std::io::Read;

/// Most headers kept of a response.
const MAX_HEADERS: usize = 1000;
/// Encodings undone one in another.
const MAX_ENCODINGS: usize = 4;

/// What the decoder of Brotli reads at a time.
const BUFFER_BYTES: usize = 64 << 10;

/// A response.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Response<'a> {
    pub(super) status: u16,
    /// In their order, names as given.
    pub(super) headers: Vec<(String, String)>,
    /// As sent.
    pub(super) raw_body: &'a [u8],
}

/// Reads a response.
///
/// # Errors
/// What is wrong, where it does not begin as a response does.
pub(super) fn parse(bytes: &[u8]) -> Result<Response<'_>, String> {
    let mut rest = bytes;
    let line = next_line(&mut rest).unwrap_or_default();
    let mut words = line
        .split(|b| b.is_ascii_whitespace())
        .filter(|w| !w.is_empty());
    let version = words.next().unwrap_or_default();
    let known = [&b"HTTP"[..], b"http", b"ICY"];
    if !known.iter().any(|v| version.starts_with(v)) {
        return Err("no HTTP status line".into());
    }
    let status = words.next().and_then(|w| std::str::from_utf8(w).ok());
    let status = status.and_then(|w| w.parse().ok());
    let status = status.ok_or("the HTTP status is no number")?;
    let headers = headers(&mut rest);
    Ok(Response {
        status,
        headers,
        raw_body: rest,
    })
}

/// Reads header lines up to an empty one; a line that begins with a space goes on with the one
/// before (obs-fold), a line without a colon is no header.
pub(super) fn headers(rest: &mut &[u8]) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> = Vec::new();
    while let Some(line) = next_line(rest) {
        if line.is_empty() {
            break;
        }
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes.trim_ascii()).into_owned();
        if matches!(line.first(), Some(b' ' | b'\t')) {
            if let Some((_, value)) = headers.last_mut() {
                value.push(' ');
                value.push_str(&text(line));
            }
        } else if let Some(colon) = line.iter().position(|b| *b == b':')
            && headers.len() < MAX_HEADERS
        {
            let (name, value) = line.split_at(colon);
            headers.push((text(name), text(value.get(1..).unwrap_or_default())));
        }
    }
    headers
}

/// The value of the first header of that name.
pub(super) fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

/// Takes a line off `rest`, without its end.
fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    use std::io::BufRead;
    let all = *rest;
    let n = rest.skip_until(b'\n').ok().filter(|n| *n > 0)?;
    let line = all.get(..n)?;
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}

/// The body of a response, its encodings undone. What a body that ends early gave until there is
/// taken where `may_be_cut`: the crawler said that it stopped.
///
/// # Errors
/// What is wrong with it; also when it unpacks to more than `max_bytes`.
pub(super) fn body<'a>(
    response: &Response<'a>,
    may_be_cut: bool,
    max_bytes: usize,
) -> Result<Cow<'a, [u8]>, String> {
    let mut body = Cow::Borrowed(response.raw_body);
    let transfer = header(&response.headers, "Transfer-Encoding").unwrap_or("");
    if transfer.to_ascii_lowercase().contains("chunked")
        && let Some(whole) = dechunk(&body, may_be_cut)?
    {
        body = Cow::Owned(whole);
    }
    let encodings = header(&response.headers, "Content-Encoding").unwrap_or("");
    let transfers = transfer.split(',');
    let names = transfers.chain(encodings.split(','));
    let names: Vec<String> = names.map(|n| n.trim().to_ascii_lowercase()).collect();
    if names.len() > MAX_ENCODINGS + 2 {
        return Err("too many content encodings".into());
    }
    for name in names.iter().rev() {
        let unpacked = match name.as_str() {
            "gzip" | "x-gzip" if body.starts_with(b"\x1f\x8b") => unpack(
                flate2::read::MultiGzDecoder::new(&*body),
                name,
                may_be_cut,
                max_bytes,
            )?,
            "deflate" => undeflate(&body, may_be_cut, max_bytes)?,
            "zstd" if body.starts_with(b"\x28\xb5\x2f\xfd") => {
                let decoder =
                    zstd::stream::read::Decoder::new(&*body).map_err(|e| e.to_string())?;
                unpack(decoder, name, may_be_cut, max_bytes)?
            }
            "br" => {
                let decoder = brotli_decompressor::Decompressor::new(&*body, BUFFER_BYTES);
                match unpack(decoder, name, may_be_cut, max_bytes) {
                    Err(_) if looks_like_text(&body) => continue,
                    unpacked => unpacked?,
                }
            }
            _ => continue,
        };
        body = Cow::Owned(unpacked);
    }
    Ok(body)
}

/// Joins the chunks of a body; none when it is not chunked at all, whatever its header said.
fn dechunk(bytes: &[u8], may_be_cut: bool) -> Result<Option<Vec<u8>>, String> {
    let mut rest = bytes;
    let mut whole = Vec::with_capacity(bytes.len());
    let mut n_chunks = 0;
    loop {
        let line = next_line(&mut rest);
        let size = line.and_then(|line| {
            let digits = line.split(|b| *b == b';').next()?.trim_ascii();
            let digits = std::str::from_utf8(digits).ok()?;
            let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
            usize::from_str_radix(digits, 16).ok().filter(|_| is_hex)
        });
        match (size, line) {
            (Some(0), _) => return Ok(Some(whole)),
            (Some(size), _) => {
                let Some(chunk) = rest.get(..size) else {
                    if may_be_cut {
                        whole.extend_from_slice(rest);
                        return Ok(Some(whole));
                    }
                    return Err("a chunk of the body is cut short".into());
                };
                whole.extend_from_slice(chunk);
                rest = rest.get(size..).unwrap_or_default();
                rest = rest.strip_prefix(b"\r").unwrap_or(rest);
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
                n_chunks += 1;
            }
            (None, _) if n_chunks == 0 => return Ok(None),
            (None, None) => return Ok(Some(whole)), // the last, empty chunk is missing
            (None, Some(_)) if may_be_cut => return Ok(Some(whole)),
            (None, Some(_)) => return Err("a chunk of the body has no size".into()),
        }
    }
}

/// Deflate is sent with a zlib header, as the standard says, or without one.
fn undeflate(bytes: &[u8], may_be_cut: bool, max_bytes: usize) -> Result<Vec<u8>, String> {
    let zlib = flate2::read::ZlibDecoder::new(bytes);
    let raw = || flate2::read::DeflateDecoder::new(bytes);
    let name = "deflate";
    let unpacked = unpack(zlib, name, may_be_cut, max_bytes).ok();
    let unpacked = unpacked.filter(|out| !out.is_empty() || bytes.is_empty());
    match unpacked.map_or_else(|| unpack(raw(), name, may_be_cut, max_bytes), Ok) {
        Err(_) if looks_like_text(bytes) => Ok(bytes.to_vec()),
        unpacked => unpacked,
    }
}

/// Whether a body is in no encoding at all: no control characters in its first bytes.
fn looks_like_text(bytes: &[u8]) -> bool {
    let head = bytes.get(..512).unwrap_or(bytes);
    !head.iter().any(|b| *b < 32 && !b.is_ascii_whitespace())
}

fn unpack(
    decoder: impl Read,
    name: &str,
    may_be_cut: bool,
    max_bytes: usize,
) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let mut limited = decoder.take(max_bytes as u64 + 1);
    match limited.read_to_end(&mut out) {
        Ok(_) if out.len() > max_bytes => {
            Err(format!("the body unpacks to more than {max_bytes} bytes"))
        }
        Ok(_) => Ok(out),
        Err(_) if may_be_cut => Ok(out),
        Err(_) => Err(format!("the body is no whole {name} stream")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        e.write_all(bytes).unwrap();
        e.finish().unwrap()
    }

    fn read(head: &str, sent: &[u8], may_be_cut: bool) -> Result<Vec<u8>, String> {
        let bytes = [head.as_bytes(), b"\r\n\r\n", sent].concat();
        let response = parse(&bytes)?;
        body(&response, may_be_cut, 1000).map(Cow::into_owned)
    }

    #[test]
    fn headers_are_read_as_servers_send_them() {
        let bytes = b"HTTP/1.1 200\nServer:x\r\nno header\r\nX-A : b\r\n\tc\r\n\r\nbody";
        let response = parse(bytes).unwrap();
        assert_eq!((response.status, response.raw_body), (200, &b"body"[..]));
        assert_eq!(header(&response.headers, "x-a"), Some("b c"));
        assert_eq!(response.headers.len(), 2);
        assert_eq!(parse(b"HTTP/2 204 \r\n\r\n").unwrap().status, 204);
        assert!(parse(b"<html>").is_err());
        assert!(parse(b"HTTP/1.1 OK").is_err());
        assert!(parse(b"").is_err());
    }

    #[test]
    fn encodings_are_undone_one_in_another() {
        let chunked = |bytes: &[u8]| {
            let (a, b) = bytes.split_at(3);
            let head = format!("{:x};x=y\r\n", a.len());
            let middle = format!("\r\n{:X}\r\n", b.len());
            [head.as_bytes(), a, middle.as_bytes(), b, b"\r\n0\r\n\r\n"].concat()
        };
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip";
        assert_eq!(read(head, &chunked(&gz(b"Tere")), false).unwrap(), b"Tere");
        assert_eq!(read(head, &gz(b"Tere"), false).unwrap(), b"Tere"); // was dechunked before
        assert_eq!(read(head, b"Tere", false).unwrap(), b"Tere"); // and unpacked
        let zlib = {
            let mut e = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            e.write_all(b"Tere").unwrap();
            e.finish().unwrap()
        };
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: deflate";
        assert_eq!(read(head, &zlib, false).unwrap(), b"Tere");
        assert_eq!(
            read(head, &zlib[2..zlib.len() - 4], false).unwrap(),
            b"Tere"
        );
        assert_eq!(read(head, b"<p>Tere", false).unwrap(), b"<p>Tere");
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: br";
        let brotli = b"\x8b\x10\x80<p>Tere, tere, tere, vana kere</p>\x03";
        let text = b"<p>Tere, tere, tere, vana kere</p>";
        assert_eq!(read(head, b"<p>Tere", false).unwrap(), b"<p>Tere");
        assert_eq!(read(head, brotli, false).unwrap(), text);
        assert!(read(head, &brotli[..20], false).is_err());
        assert_eq!(read(head, &brotli[..20], true).unwrap(), text[..17]);
    }

    #[test]
    fn a_cut_body_is_taken_only_where_the_crawler_cut_it() {
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip";
        let sent = gz(&(0..500u32)
            .flat_map(|i| (i * i).to_le_bytes())
            .take(900)
            .collect::<Vec<_>>());
        let cut = &sent[..sent.len() / 2];
        assert!(read(head, cut, false).is_err());
        assert!(!read(head, cut, true).unwrap().is_empty());
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked";
        assert!(read(head, b"5\r\nTere", false).is_err());
        assert_eq!(read(head, b"5\r\nTere", true).unwrap(), b"Tere");
        assert_eq!(read(head, b"4\r\nTere\r\n", false).unwrap(), b"Tere");
        let bomb = gz(&vec![0; 100_000]);
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip";
        assert!(
            read(head, &bomb, true)
                .unwrap_err()
                .contains("more than 1000")
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, sent: Vec<u8>) {
            let _ = parse(&bytes);
            for head in ["Transfer-Encoding: chunked", "Content-Encoding: br", "Content-Encoding: deflate, gzip"] {
                let _ = read(&format!("HTTP/1.1 200 OK\r\n{head}"), &sent, true);
            }
        }
    }
}
