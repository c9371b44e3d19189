//! Who a server calls: an SMS gateway, and a provider of accounts elsewhere that vouches for whoever brings a code. They
//! stand on loopback and live through every kill. Know nothing of kills.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::process::server::Home;

/// The stand-ins, on one port.
#[derive(Clone)]
pub struct Neighbours {
    address: SocketAddr,
    texts: Arc<Mutex<Vec<Value>>>,
}

impl Neighbours {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let all = Self { address: listener.local_addr().unwrap(), texts: Arc::default() };
        let each = all.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let each = each.clone();
                // Whoever called may be dead by now.
                std::thread::spawn(move || each.serve(&stream?));
            }
        });
        all
    }

    /// A home whose server calls them. Somebody they vouch for gets no account by that alone.
    pub fn home(&self) -> Home {
        let base = format!("http://{}", self.address);
        let text = format!(
            r#"
            [sms]
            webhook_url = "{base}/sms"
            [federation]
            new_accounts = "never"
            [[identity_provider]]
            name = "work"
            kind = "oauth2"
            client_id = "latchkey"
            authorization_url = "{base}/authorize"
            token_url = "{base}/token"
            userinfo_url = "{base}/userinfo"
            allow_private = true
            "#
        );
        Home::configured(&text).env("LATCHKEY_SMS__SECRET", "at least 32 bytes to sign text messages")
    }

    /// The code in the newest text to `number`, if one has come.
    pub fn code_for(&self, number: &str) -> Option<String> {
        let texts = self.texts.lock().unwrap();
        let text = texts.iter().rev().find(|text| text["to"] == number)?["text"].as_str().unwrap();
        let mut words = text.split(|c: char| !c.is_ascii_digit());
        words.find(|word| word.len() >= 6).map(str::to_owned)
    }

    fn serve(&self, stream: &TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let start = head.len();
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
            let line = head[start..].to_ascii_lowercase();
            length = line.strip_prefix("content-length:").map_or(length, |text| text.trim().parse().unwrap());
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let answer = self.answer(&head, &String::from_utf8(body).unwrap()).to_string();
        let length = answer.len();
        write!(&*stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}")
    }

    fn answer(&self, head: &str, body: &str) -> Value {
        if head.starts_with("POST /sms") {
            self.texts.lock().unwrap().push(serde_json::from_str(body).unwrap());
            return json!({});
        }
        if head.starts_with("POST /token") {
            let code = body.split('&').find_map(|field| field.strip_prefix("code=")).unwrap();
            return json!({ "access_token": code, "token_type": "Bearer" });
        }
        let subject = head.split_once("Bearer ").unwrap().1.split("\r\n").next().unwrap();
        json!({ "sub": subject, "email": format!("{subject}@example.com"), "email_verified": true })
    }
}
