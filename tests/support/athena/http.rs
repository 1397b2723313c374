//! HTTP: a call of Athena is a POST with a target; all else is S3.

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;

use super::{REGION, State, athena, lock, s3};

pub(super) type Reply = Response<Full<Bytes>>;

/// Serves on a thread of its own, and says where.
pub(super) fn serve(state: Arc<State>) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    listener.set_nonblocking(true).expect("non-blocking");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            while let Ok((stream, _)) = listener.accept().await {
                let state = state.clone();
                let service = service_fn(move |request| answer(state.clone(), request));
                let connection = hyper::server::conn::http1::Builder::new();
                tokio::spawn(connection.serve_connection(TokioIo::new(stream), service));
            }
        });
    });
    endpoint
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> Result<Reply, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).map(str::to_owned);
    let region = region(&head).unwrap_or(REGION).to_owned();
    let reply = tokio::task::spawn_blocking(move || match target {
        Some(target) => {
            let operation = target.rsplit('.').next().unwrap_or_default();
            lock(&state.calls).push(operation.to_owned());
            let body = serde_json::from_slice(&body).unwrap_or_default();
            match athena::call(&state, &region, operation, &body) {
                Ok(value) => reply(200, "application/x-amz-json-1.1", value.to_string()),
                Err((kind, message)) => {
                    let value = serde_json::json!({ "__type": kind, "Message": message, "message": message });
                    reply(400, "application/x-amz-json-1.1", value.to_string())
                }
            }
        }
        None => s3::call(&state, &region, &head, &body),
    });
    Ok(reply.await.unwrap_or_else(|_| reply_of_a_panic()))
}

/// The region that a call was signed for: `Credential=KEY/20261012/us-east-1/s3/aws4_request`.
fn region(head: &Parts) -> Option<&str> {
    let signed = head.headers.get("authorization")?.to_str().ok()?;
    signed.split_once("Credential=")?.1.split('/').nth(2)
}

pub(super) fn reply(status: u16, kind: &str, body: impl Into<Bytes>) -> Reply {
    let builder = Response::builder().status(status).header("content-type", kind);
    builder.body(Full::new(body.into())).expect("a response")
}

fn reply_of_a_panic() -> Reply {
    reply(500, "text/plain", "the test server panicked")
}
