//! S3: GET, HEAD, LIST and PUT of objects in memory.

use std::collections::BTreeSet;
use std::path::Path;

use hyper::body::Bytes;
use hyper::http::request::Parts;
use hyper::{Method, header};

use super::http::{Reply, reply};
use super::{State, lock};

/// The files of a folder as objects of a bucket.
pub(super) fn read(bucket: &str, folder: &Path) -> Vec<(String, Bytes)> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(|entry| entry.expect("an entry"));
    let files = files.filter(|entry| entry.file_type().is_file());
    files
        .map(|file| {
            let key = file.path().strip_prefix(folder).expect("below").to_str().expect("UTF-8").to_owned();
            (format!("{bucket}/{key}"), std::fs::read(file.path()).expect("a file").into())
        })
        .collect()
}

pub(super) fn call(state: &State, head: &Parts, body: &[u8]) -> Reply {
    if let Some((status, code)) = lock(&state.faults).s3 {
        return error(status, code);
    }
    let path = decoded(head.uri.path().trim_start_matches('/'));
    let query: Vec<(String, String)> = head
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect();
    let get = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    match head.method {
        Method::PUT => {
            lock(&state.objects).insert(path, Bytes::copy_from_slice(body));
            let mut answer = reply(200, "text/plain", "");
            answer.headers_mut().insert(header::ETAG, "\"0\"".parse().expect("a tag"));
            answer
        }
        Method::POST if get("delete").is_some() => {
            let body = String::from_utf8_lossy(body);
            let keys = body.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
            let mut deleted = String::new();
            for key in keys {
                lock(&state.objects).remove(&format!("{}/{key}", path.trim_end_matches('/')));
                deleted.push_str(&format!("<Deleted><Key>{key}</Key></Deleted>"));
            }
            reply(200, "application/xml", format!("<DeleteResult>{deleted}</DeleteResult>"))
        }
        Method::GET if get("list-type").is_some() => {
            list(state, path.trim_end_matches('/'), get("prefix").unwrap_or_default(), get("delimiter"))
        }
        Method::GET | Method::HEAD => {
            let objects = lock(&state.objects);
            let Some(object) = objects.get(&path) else { return error(404, "NoSuchKey") };
            let range = head.headers.get(header::RANGE).and_then(|range| range.to_str().ok());
            let range = range.and_then(|range| {
                let (start, end) = range.strip_prefix("bytes=")?.split_once('-')?;
                let end = end.parse::<usize>().map_or(object.len(), |end| (end + 1).min(object.len()));
                Some((start.parse::<usize>().ok()?, end))
            });
            let (status, bytes) = match range {
                Some((start, end)) => (206, object.slice(start.min(end)..end)),
                None => (200, object.clone()),
            };
            let content = if head.method == Method::HEAD { Bytes::new() } else { bytes.clone() };
            let mut answer = reply(status, "application/octet-stream", content);
            let length = bytes.len().to_string().parse().expect("a length");
            answer.headers_mut().insert(header::CONTENT_LENGTH, length);
            answer.headers_mut().insert(header::ETAG, "\"0\"".parse().expect("a tag"));
            answer.headers_mut().insert(header::ACCEPT_RANGES, "bytes".parse().expect("a unit"));
            let modified = "Mon, 12 Oct 2026 08:00:00 GMT".parse().expect("a time");
            answer.headers_mut().insert(header::LAST_MODIFIED, modified);
            if let Some((start, end)) = range {
                let range = format!("bytes {start}-{}/{}", end.saturating_sub(1), object.len());
                answer.headers_mut().insert(header::CONTENT_RANGE, range.parse().expect("a range"));
            }
            answer
        }
        _ => error(405, "MethodNotAllowed"),
    }
}

fn list(state: &State, bucket: &str, prefix: &str, delimiter: Option<&str>) -> Reply {
    let objects = lock(&state.objects);
    let start = format!("{bucket}/{prefix}");
    let (mut contents, mut folders) = (String::new(), BTreeSet::new());
    for (name, object) in objects.range(start.clone()..).take_while(|(name, _)| name.starts_with(&start)) {
        let key = &name[bucket.len() + 1..];
        let folder = delimiter.and_then(|delimiter| {
            let end = key[prefix.len()..].find(delimiter)?;
            Some(&key[..prefix.len() + end + delimiter.len()])
        });
        match folder {
            Some(folder) => {
                folders.insert(folder.to_owned());
            }
            None => contents.push_str(&format!(
                "<Contents><Key>{key}</Key><LastModified>2026-10-12T08:00:00.000Z</LastModified><ETag>\"0\"</ETag>\
                 <Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                object.len()
            )),
        }
    }
    let folders: String = folders
        .iter()
        .map(|folder| format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"))
        .collect();
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>{bucket}</Name><Prefix>{prefix}</Prefix><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>\
         {contents}{folders}</ListBucketResult>"
    );
    reply(200, "application/xml", text)
}

fn error(status: u16, code: &str) -> Reply {
    let text = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>");
    reply(status, "application/xml", text)
}

fn decoded(text: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, after @ ..] = rest {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if *first == b'%' => {
                out.push(byte);
                rest = &after[2..];
            }
            _ => {
                out.push(if *first == b'+' { b' ' } else { *first });
                rest = after;
            }
        }
    }
    String::from_utf8(out).expect("UTF-8")
}
