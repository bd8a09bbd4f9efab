//! Clients that close their socket in the middle, and slow ones.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use super::tenant::Tenant;
use super::traffic::new_name;
use super::world::World;

/// A slow client needs about a second.
const PATIENCE: Duration = Duration::from_mins(1);

/// A socket that takes in little at a time.
async fn connect(world: &World) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4096)?;
    let address = world.server.address().parse();
    socket
        .connect(address.map_err(std::io::Error::other)?)
        .await
}

fn head(world: &World, tenant: &Tenant, line: &str, length: usize) -> String {
    let (host, (name, value)) = (world.server.address(), tenant.name());
    let token = tenant.session().token;
    format!(
        "{line} HTTP/1.1\r\nHost: {host}\r\n{name}: {value}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )
}

/// Closes its socket before the request is sent, or before the answer is read.
pub async fn cut_off(world: &World, tenant: &Tenant) -> Option<()> {
    let body = json!({ "name": new_name(tenant, "cut off") }).to_string();
    let head = head(world, tenant, "POST /api/v1/projects", body.len());
    let (kind, sent) = match fastrand::u8(..3) {
        0 => ("in the head", fastrand::usize(1..head.len())),
        1 => ("in the body", head.len() + fastrand::usize(..body.len())),
        _ => ("before the answer", head.len() + body.len()),
    };
    let text = head + &body;
    if let Err(error) = cut(world, &text.as_bytes()[..sent]).await {
        world
            .tally
            .fault(format!("a socket that is cut off: {error}"));
    }
    world.tally.count("cut off", kind);
    Some(())
}

async fn cut(world: &World, text: &[u8]) -> std::io::Result<()> {
    let mut socket = connect(world).await?;
    socket.write_all(text).await?;
    sleep(Duration::from_millis(fastrand::u64(..20))).await;
    Ok(())
}

/// Sends its request bit by bit, and reads a long answer so.
pub async fn slow(world: &World, tenant: &Tenant) -> Option<()> {
    let session = tenant.session();
    let at = Instant::now();
    let (text, expected) = if fastrand::bool() {
        let body = json!({ "name": new_name(tenant, "slow") }).to_string();
        let head = head(world, tenant, "POST /api/v1/projects", body.len());
        (head + &body, 201)
    } else {
        let line = "GET /api/v1/projects?limit=100";
        (head(world, tenant, line, 0), 200)
    };
    let answer = match timeout(PATIENCE, exchange(world, text.as_bytes())).await {
        Ok(Ok(answer)) => answer,
        failed => {
            let fault = format!("slowly at {}: {failed:?}", tenant.marker());
            world.tally.fault(fault);
            return None;
        }
    };
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    let (_, body) = answer.split_once("\r\n\r\n")?;
    let judged = (status.unwrap_or_default(), body);
    let good = world.judge("slow", tenant, (at, session.since), judged, &[expected]);
    if good && !body.contains(&tenant.marker()) {
        let fault = format!("slowly at {}: {answer}", tenant.marker());
        world.tally.fault(fault);
    }
    good.then_some(())
}

async fn exchange(world: &World, text: &[u8]) -> std::io::Result<String> {
    let mut socket = connect(world).await?;
    for part in text.chunks(100) {
        socket.write_all(part).await?;
        sleep(Duration::from_millis(fastrand::u64(..50))).await;
    }
    let mut answer = Vec::new();
    let mut part = [0; 2048];
    loop {
        match socket.read(&mut part).await? {
            0 => return Ok(String::from_utf8_lossy(&answer).into_owned()),
            got => answer.extend_from_slice(&part[..got]),
        }
        sleep(Duration::from_millis(fastrand::u64(..10))).await;
    }
}
