//! Bodies that are too large, too deep, or no JSON at all: a precise 4xx with flat memory.

use std::io::Write;

use super::super::client::Request;
use super::{Target, rest, status};

/// More than anything a refusal may cost in memory, in KiB.
const FLAT: u64 = 16 * 1024;

/// The operations that read a body without a token.
const PATHS: [&str; 5] = [
    "/api/v1/auth/login",
    "/api/v1/auth/register",
    "/api/v1/auth/refresh",
    "/api/v1/auth/resend-verification",
    "/api/v1/setup",
];

#[test]
fn bodies_that_are_no_proper_json_are_400_and_name_no_value() {
    let target = Target::start(&[]);
    let mut bodies: Vec<Vec<u8>> = [
        "",
        " ",
        "null",
        "[]",
        "7",
        "\"Planted\"",
        "{",
        "}",
        "{\"email\":",
        "{\"email\":\"Planted\"",
        "{'email':1}",
        "{\"email\":\"Planted\"}{}",
        "\0",
        "{\"email\":\"\0\"}",
        "{\"email\":\"\\ud800\"}",
        "{\"email\":7,\"password\":[\"Planted\"]}",
        "{\"email\":{\"$ne\":null}}",
        "{\"email\":1e999}",
        "{\"email\":\"a\",\"email\":\"Planted\"}",
        "{\"__proto__\":{\"admin\":true}}",
        "\u{feff}{}",
        "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"Planted\">]><x>&a;</x>",
    ]
    .map(|body| body.as_bytes().to_vec())
    .into();
    bodies.push(b"{\"email\":\"\xff\xfe\",\"password\":\"\xc0\xaf\"}".to_vec());
    bodies.push(b"\xff\xfe{\0}\0".to_vec());
    for opening in ["[", "{\"a\":", "{\"email\":[", "{\"email\":{\"a\":"] {
        bodies.push(opening.repeat(100_000.min(60_000 / opening.len())).into_bytes());
    }
    for path in PATHS {
        for body in &bodies {
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-type: application/json\r\n\
                 content-length: {}\r\n\r\n",
                body.len()
            );
            let answer = target.ask([head.as_bytes(), body].concat());
            assert_eq!(status(&answer), "400", "{path} {}\n{answer}", String::from_utf8_lossy(body));
            assert!(
                answer.contains("\"code\":\"VALIDATION_ERROR\"") && !answer.contains("Planted"),
                "{answer}"
            );
        }
    }
    target.end();
}

/// R74.
#[test]
fn other_content_types_and_encodings_are_415() {
    let target = Target::start(&[]);
    for header in [
        "content-type: text/plain",
        "content-type: application/xml",
        "content-type: application/json; charset=utf-16",
        "content-type: multipart/form-data; boundary=x",
        "content-type: application/json\r\ncontent-encoding: gzip",
        "content-type: application/json\r\ncontent-encoding: br",
        "x: y",
    ] {
        let answer = target.ask(format!(
            "POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{header}\r\n\
             content-length: 2\r\n\r\n{{}}"
        ));
        assert_eq!(status(&answer), "415", "{header}\n{answer}");
    }
    target.end();
}

#[test]
fn nesting_of_a_hundred_thousand_levels_is_refused_whether_it_fits_the_cap_or_not() {
    let target = Target::start(&[("LATCHKEY_NET__MAX_BODY_BYTES", "1048576")]);
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        for inside in ["", "1"] {
            let deep = format!("{}{inside}{}", open.repeat(100_000), close.repeat(100_000));
            let deep = if inside.is_empty() { open.repeat(100_000) } else { deep };
            for body in [deep.clone(), format!("{{\"email\":{deep},\"password\":\"x\"}}")] {
                let answer = target.ask(format!(
                    "POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\
                     content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                ));
                assert_eq!(status(&answer), "400", "{answer}");
            }
        }
    }
    target.end();
}

#[test]
fn three_hundred_megabytes_in_chunks_are_413_and_memory_stays_flat() {
    let target = Target::start(&[]);
    target.assert_unharmed();
    let before = target.memory_kib("VmHWM");
    let mut stream = target.tls(b"http/1.1");
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x1_0000));
    let mut sent = 0;
    while sent < 300 * 1024 * 1024 && stream.write_all(chunk.as_bytes()).is_ok() {
        sent += chunk.len();
    }
    assert!(sent < 32 * 1024 * 1024, "{sent} bytes were taken");
    let answer = rest(&mut stream);
    assert!(answer.is_empty() || status(&answer) == "413", "{answer}");
    let grown = target.memory_kib("VmHWM") - before;
    println!("300 MB in chunks: {sent} bytes taken, memory grew by {grown} KiB");
    assert!(grown < FLAT, "{grown} KiB");
    target.end();
}

#[test]
fn a_client_that_stops_at_the_413_reads_it_whole() {
    let target = Target::start(&[]);
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let chunked = format!("transfer-encoding: chunked\r\n\r\n{}", chunk.repeat(5));
    for body in [
        chunked,
        "content-length: 314572800\r\n\r\n".to_owned(),
        format!("content-length: 65537\r\n\r\n{}", "x".repeat(65_537)),
    ] {
        let answer = target.ask(format!(
            "POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nconnection: close\r\n{body}"
        ));
        assert_eq!(status(&answer), "413", "{answer}");
        assert!(answer.contains("\"code\":\"PAYLOAD_TOO_LARGE\""), "{answer}");
    }
    target.end();
}

#[test]
fn endless_chunk_extensions_and_trailers_are_cut() {
    let target = Target::start(&[]);
    let before = target.memory_kib("VmHWM");
    let head = "POST /api/v1/auth/login HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
    let many = "1;a=b\r\nx\r\n".repeat(60_000);
    for endless in [
        format!("1;{}", "x".repeat(4_000_000)),
        format!("0\r\nx: {}", "y".repeat(4_000_000)),
        format!("0\r\n{}", "x: y\r\n".repeat(600_000)),
        many,
    ] {
        let answer = target.ask(format!("{head}{endless}"));
        assert!(["none", "400", "413", "431"].contains(&status(&answer)), "{}\n{answer}", &endless[..9]);
    }
    let grown = target.memory_kib("VmHWM") - before;
    assert!(grown < FLAT, "{grown} KiB");
    target.end();
}

#[test]
fn hostile_headers_are_refused_or_passed_over() {
    let target = Target::start(&[]);
    let long = "x".repeat(15_000);
    for value in [
        "Bearer ",
        "Bearer \u{e9}",
        "Bearer a b",
        "Basic Zm9vOmJhcg==",
        "Bearer ..",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        &long,
    ] {
        for name in [
            "authorization",
            "x-api-key",
            "x-forwarded-for",
            "x-request-id",
            "cookie",
            "user-agent",
            "accept",
            "origin",
        ] {
            let answer = target.client().ask(Request::get("/api/v1/auth/me").header(name, value));
            assert_eq!(answer.status.as_u16(), 401, "{name}: {value}");
        }
    }
    target.end();
}
