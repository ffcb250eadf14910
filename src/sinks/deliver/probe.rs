//! Whether a sink can be reached: connects, shakes hands, and says nothing. A request, even an empty one, would count as a
//! beat of the heart.

use std::{
    io,
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use reqwest::Url;
use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::task::spawn_blocking;

use super::reach::Reach;

/// How long each step may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Connects to the host of a URL, over TLS where the URL says so.
///
/// # Errors
/// When it cannot be reached, must not be, or shows a certificate that is not trusted.
pub(super) async fn connect(url: &Url, reach: Reach) -> io::Result<()> {
    let host = url.host_str().unwrap_or_default().to_owned();
    let port = url.port_or_known_default().unwrap_or_default();
    let addresses = reach.addresses(&host, port).await?;
    let tls = url.scheme() == "https";
    let reached = spawn_blocking(move || {
        let socket = dial(&addresses)?;
        if tls {
            shake_hands(socket, &host)
        } else {
            Ok(())
        }
    });
    reached.await.map_err(io::Error::other)?
}

fn dial(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut failed = io::Error::other("the name has no address");
    for address in addresses {
        match TcpStream::connect_timeout(address, TIMEOUT) {
            Ok(socket) => return Ok(socket),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

fn shake_hands(mut socket: TcpStream, host: &str) -> io::Result<()> {
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.set_write_timeout(Some(TIMEOUT))?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(bare.to_owned()).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(io::Error::other)?
        .with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    Ok(())
}
