//! The SMTP client against a scripted server on a real socket.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::super::message::tests::{mail, sender};
use super::*;
use crate::outbound::tests::certificate_for;

/// What the server answers to a line; `None`: what a friendly server would.
type Script = fn(&str) -> Option<&'static str>;

/// An answer that never comes.
const HANG: &str = "HANG";
const PASSWORD: &str = "hunter2-\u{e4}";

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

struct Server {
    port: u16,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(script: Script, tls: SmtpTls, acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (kept, acceptor) = (Arc::clone(&kept), acceptor.clone());
                tokio::spawn(async move { serve(Box::new(socket), script, tls, acceptor, &kept).await });
            }
        });
        Self { port, lines }
    }

    fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    fn said(&self, start: &str) -> bool {
        self.lines().iter().any(|line| line.starts_with(start))
    }
}

async fn serve(
    socket: Box<dyn Stream>,
    script: Script,
    tls: SmtpTls,
    acceptor: Option<TlsAcceptor>,
    kept: &Mutex<Vec<String>>,
) -> Option<()> {
    let mut stream = BufReader::new(socket);
    if tls == SmtpTls::Implicit {
        stream = BufReader::new(Box::new(acceptor.clone()?.accept(stream.into_inner()).await.ok()?));
    }
    answer(&mut stream, script("GREETING").unwrap_or("220 sink ESMTP")).await?;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok().filter(|count| *count > 0)?;
        let line = line.trim_end().to_owned();
        kept.lock().unwrap().push(line.clone());
        let scripted = script(&line);
        answer(&mut stream, scripted.unwrap_or_else(|| friendly(&line))).await?;
        if line == "STARTTLS" && scripted.is_none_or(|said| said.starts_with("220")) {
            stream = BufReader::new(Box::new(acceptor.clone()?.accept(stream.into_inner()).await.ok()?));
        }
        if line == "DATA" && scripted.is_none() {
            while kept.lock().unwrap().last().is_none_or(|last| last != ".") {
                let mut line = String::new();
                stream.read_line(&mut line).await.ok().filter(|count| *count > 0)?;
                kept.lock().unwrap().push(line.trim_end_matches(['\r', '\n']).to_owned());
            }
            answer(&mut stream, script("END").unwrap_or("250 2.0.0 queued as 1")).await?;
        }
    }
}

async fn answer(stream: &mut BufReader<Box<dyn Stream>>, text: &str) -> Option<()> {
    if text == HANG {
        std::future::pending::<()>().await;
    }
    stream.write_all(format!("{text}\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

fn friendly(line: &str) -> &'static str {
    match line.split(' ').next() {
        Some("EHLO") => "250-sink\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN",
        Some("STARTTLS") => "220 go ahead",
        Some("AUTH") => "235 welcome",
        Some("DATA") => "354 go on",
        Some("QUIT") => "221 bye",
        _ => "250 ok",
    }
}

fn settings(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".into(),
        port,
        tls: SmtpTls::None,
        ca_file: None,
        login: None,
        step_timeout: Duration::from_secs(20),
        sender: sender(),
    }
}

fn login() -> SmtpLogin {
    SmtpLogin { username: "acme".into(), password: Zeroizing::new(PASSWORD.into()) }
}

/// The answer of a plain relay that follows `script`, and what it heard.
async fn try_send(script: Script) -> (Result<(), MailFault>, Server) {
    let server = Server::start(script, SmtpTls::None, None).await;
    let transport = SmtpTransport::new(settings(server.port)).unwrap();
    (transport.send(&mail()).await, server)
}

#[tokio::test]
async fn a_mail_reaches_the_relay_whole_with_one_recipient() {
    let (sent, server) = try_send(|_| None).await;
    sent.unwrap();
    let lines = server.lines();
    assert_eq!(
        lines[..4],
        ["EHLO acme.example", "MAIL FROM:<no-reply@acme.example>", "RCPT TO:<ada@example.com>", "DATA",]
    );
    assert!(lines.contains(&"..".to_owned()), "a line of one dot is stuffed");
    assert_eq!(lines.iter().filter(|line| line.starts_with("RCPT")).count(), 1);
    assert!(server.said("Message-ID: <") && server.said("Auto-Submitted: auto-generated"));
    assert!(!server.said("AUTH"));
}

#[tokio::test]
async fn a_refused_recipient_or_mail_is_permanent() {
    let scripts: [Script; 3] = [
        |line| line.starts_with("RCPT").then_some("550 5.1.1 no such user"),
        |line| line.starts_with("MAIL").then_some("553 sender refused"),
        |line| (line == "END").then_some("554 5.7.1 spam"),
    ];
    for script in scripts {
        let (sent, server) = try_send(script).await;
        assert!(matches!(sent, Err(MailFault::Permanent(_))), "{sent:?} {:?}", server.lines());
    }
    let (sent, _) = try_send(scripts[0]).await;
    assert_eq!(sent.unwrap_err().reason(), "RCPT TO: 550 5.1.1 no such user");
}

#[tokio::test]
async fn a_busy_misconfigured_or_babbling_relay_is_temporary() {
    let scripts: [Script; 9] = [
        |line| line.starts_with("RCPT").then_some("451 4.7.1 greylisted"),
        |line| (line == "END").then_some("452 disk full"),
        |line| (line == "GREETING").then_some("554 go away"),
        |line| (line == "GREETING").then_some("421 too busy"),
        |line| line.starts_with("EHLO").then_some("500 what"),
        |line| line.starts_with("MAIL").then_some("530 5.7.0 authentication required"),
        |line| line.starts_with("MAIL").then_some("hello?"),
        |line| (line == "DATA").then_some("250 ok"),
        |line| (line == "END").then_some("354 go on"),
    ];
    for script in scripts {
        let (sent, server) = try_send(script).await;
        assert!(matches!(sent, Err(MailFault::Temporary(_))), "{sent:?} {:?}", server.lines());
    }
}

#[tokio::test]
async fn a_hanging_relay_is_cut_off_at_every_step() {
    let scripts: [Script; 4] = [
        |line| (line == "GREETING").then_some(HANG),
        |line| line.starts_with("EHLO").then_some(HANG),
        |line| line.starts_with("RCPT").then_some(HANG),
        |line| (line == "END").then_some(HANG),
    ];
    for script in scripts {
        let server = Server::start(script, SmtpTls::None, None).await;
        let step_timeout = Duration::from_millis(150);
        let transport = SmtpTransport::new(SmtpSettings { step_timeout, ..settings(server.port) }).unwrap();
        let fault = transport.send(&mail()).await.unwrap_err();
        assert!(matches!(&fault, MailFault::Temporary(_)) && fault.reason().contains("in time"), "{fault}");
    }
}

#[tokio::test]
async fn a_goodbye_that_hangs_does_not_undo_the_mail() {
    let server = Server::start(|line| (line == "QUIT").then_some(HANG), SmtpTls::None, None).await;
    let transport = SmtpTransport::new(settings(server.port)).unwrap();
    assert_eq!(transport.send(&mail()).await, Ok(()));
}

#[tokio::test]
async fn a_closed_port_is_temporary() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let fault = SmtpTransport::new(settings(port)).unwrap().send(&mail()).await.unwrap_err();
    assert!(matches!(&fault, MailFault::Temporary(_)) && fault.reason().contains("refused"), "{fault}");
}

/// S30.
#[tokio::test]
async fn starttls_and_implicit_tls_carry_the_login_and_the_mail() {
    let (ca_file, acceptor) = certificate_for("localhost");
    for tls in [SmtpTls::StartTls, SmtpTls::Implicit] {
        let server = Server::start(|_| None, tls, Some(acceptor.clone())).await;
        let wanted = SmtpSettings {
            host: "localhost".into(),
            tls,
            ca_file: Some(ca_file.path().to_owned()),
            login: Some(login()),
            ..settings(server.port)
        };
        SmtpTransport::new(wanted).unwrap().send(&mail()).await.unwrap();
        assert_eq!(server.said("STARTTLS"), tls == SmtpTls::StartTls);
        assert!(server.said("AUTH PLAIN ") && server.said("RCPT TO:<ada@example.com>"));
    }
}

#[tokio::test]
async fn a_certificate_nobody_vouches_for_or_of_another_name_gets_no_mail() {
    let (ca_file, acceptor) = certificate_for("other.example");
    for tls in [SmtpTls::StartTls, SmtpTls::Implicit] {
        for ca_file in [None, Some(ca_file.path().to_owned())] {
            let server = Server::start(|_| None, tls, Some(acceptor.clone())).await;
            let wanted = SmtpSettings {
                host: "localhost".into(),
                tls,
                ca_file,
                login: Some(login()),
                ..settings(server.port)
            };
            let fault = SmtpTransport::new(wanted).unwrap().send(&mail()).await.unwrap_err();
            assert!(
                matches!(&fault, MailFault::Temporary(_)) && fault.reason().contains("certificate"),
                "{fault}"
            );
            assert!(!server.said("AUTH") && !server.said("MAIL"));
        }
    }
}

#[tokio::test]
async fn without_starttls_neither_login_nor_mail_is_sent() {
    let scripts: [Script; 2] = [
        |line| line.starts_with("EHLO").then_some("250-sink\r\n250 AUTH PLAIN LOGIN"),
        |line| (line == "STARTTLS").then_some("454 TLS not available"),
    ];
    for script in scripts {
        let server = Server::start(script, SmtpTls::None, None).await;
        let wanted = SmtpSettings { tls: SmtpTls::StartTls, login: Some(login()), ..settings(server.port) };
        let fault = SmtpTransport::new(wanted).unwrap().send(&mail()).await.unwrap_err();
        assert!(matches!(&fault, MailFault::Temporary(_)) && fault.reason().contains("TLS"), "{fault}");
        assert!(!server.said("AUTH") && !server.said("MAIL"));
    }
}

/// Bytes that slip in behind the answer to STARTTLS shift every later answer by one.
#[tokio::test]
async fn answers_injected_before_tls_do_not_count_as_the_mail_being_taken() {
    let (ca_file, acceptor) = certificate_for("localhost");
    let script: Script = |line| (line == "STARTTLS").then_some("220 go\r\n250 injected");
    let server = Server::start(script, SmtpTls::StartTls, Some(acceptor)).await;
    let wanted = SmtpSettings {
        host: "localhost".into(),
        tls: SmtpTls::StartTls,
        ca_file: Some(ca_file.path().to_owned()),
        ..settings(server.port)
    };
    let fault = SmtpTransport::new(wanted).unwrap().send(&mail()).await.unwrap_err();
    assert!(matches!(fault, MailFault::Temporary(_)), "{fault}");
}

#[tokio::test]
async fn a_refused_login_keeps_the_mail_and_its_reason_names_no_credentials() {
    let script: Script =
        |line| line.starts_with("AUTH").then_some("535 5.7.8 bad: AGFjbWUAaHVudGVyMg== hunter2");
    let server = Server::start(script, SmtpTls::None, None).await;
    let wanted = SmtpSettings { login: Some(login()), ..settings(server.port) };
    let transport = SmtpTransport::new(wanted).unwrap();
    let fault = transport.send(&mail()).await.unwrap_err();
    assert_eq!(fault, MailFault::temporary("AUTH: 535: the server refused mail.username and mail.password"));
    assert!(!format!("{transport:?}").contains(PASSWORD));
    assert!(!server.said("MAIL"));
}

#[test]
fn plain_smtp_to_another_machine_is_refused_at_the_start() {
    for host in ["mail.example.com", "10.0.0.1", "localhost.example.com", "127.0.0.1.example.com"] {
        let settings = SmtpSettings { host: host.into(), ..settings(25) };
        assert!(matches!(SmtpTransport::new(settings), Err(SmtpError::NeedsTls(_))), "{host}");
    }
    for host in ["localhost", "127.0.0.1", "127.8.8.8", "::1"] {
        assert!(SmtpTransport::new(SmtpSettings { host: host.into(), ..settings(25) }).is_ok(), "{host}");
    }
}

#[test]
fn a_ca_file_must_hold_a_certificate() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "not a certificate").unwrap();
    let wanted = |path: &Path| SmtpSettings {
        tls: SmtpTls::Implicit,
        ca_file: Some(path.to_owned()),
        ..settings(465)
    };
    assert!(matches!(SmtpTransport::new(wanted(file.path())), Err(SmtpError::NoCertificate(_))));
    let nowhere = Path::new("/nonexistent/ca.pem");
    assert!(matches!(SmtpTransport::new(wanted(nowhere)), Err(SmtpError::CaFile(..))));
}
