//! S3: GET, HEAD, LIST and PUT of objects in memory.

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

/// Answers a call that was signed for the region `asked`.
pub(super) fn call(state: &State, asked: &str, head: &Parts, body: &[u8]) -> Reply {
    if let Some((status, code)) = lock(&state.faults).s3 {
        return error(status, code);
    }
    let path = decoded(head.uri.path().trim_start_matches('/'));
    let bucket = path.split('/').next().unwrap_or_default();
    if let Some(region) = lock(&state.buckets_elsewhere).get(bucket).filter(|region| **region != asked) {
        return redirected(region, asked);
    }
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
        Method::GET if get("list-type").is_some() => list(state, path.trim_end_matches('/'), &get),
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

/// A page of a listing: objects, and folders where there is a delimiter. It goes on after the last name.
fn list<'a>(state: &State, bucket: &str, get: &dyn Fn(&str) -> Option<&'a str>) -> Reply {
    let (prefix, delimiter) = (get("prefix").unwrap_or_default(), get("delimiter"));
    let asked = get("max-keys").map_or(1000, |keys| keys.parse().expect("a number"));
    let most: usize = (*lock(&state.page)).min(asked);
    let after = get("continuation-token").unwrap_or_default();
    let objects = lock(&state.objects);
    let start = format!("{bucket}/{prefix}");
    let names = objects.range(start.clone()..).take_while(|(name, _)| name.starts_with(&start));
    let mut page: Vec<(&str, Option<usize>)> = Vec::new();
    let mut is_whole = true;
    for (name, object) in names {
        let key = &name[bucket.len() + 1..];
        let folder = delimiter.and_then(|delimiter| {
            let end = key[prefix.len()..].find(delimiter)?;
            Some(&key[..prefix.len() + end + delimiter.len()])
        });
        let entry = folder.map_or((key, Some(object.len())), |folder| (folder, None));
        if entry.0 <= after || page.last() == Some(&entry) {
            continue;
        }
        if page.len() == most {
            is_whole = false;
            break;
        }
        page.push(entry);
    }
    let next = match (is_whole, page.last()) {
        (false, Some((last, _))) => format!("<NextContinuationToken>{last}</NextContinuationToken>"),
        _ => String::new(),
    };
    let entries: String = page
        .iter()
        .map(|(name, size)| match size {
            Some(size) => format!(
                "<Contents><Key>{name}</Key><LastModified>2026-10-12T08:00:00.000Z</LastModified><ETag>\"0\"</ETag>\
                 <Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            ),
            None => format!("<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>"),
        })
        .collect();
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>{bucket}</Name><Prefix>{prefix}</Prefix><MaxKeys>{most}</MaxKeys><KeyCount>{}</KeyCount>\
         <IsTruncated>{}</IsTruncated>{next}{entries}</ListBucketResult>",
        page.len(),
        !is_whole,
    );
    reply(200, "application/xml", text)
}

/// A bucket's answer from another region than the one asked. us-east-1, which knows all buckets, says where it is.
fn redirected(region: &str, asked: &str) -> Reply {
    let (status, body) = match asked {
        "us-east-1" => (
            400,
            format!(
                "<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region \
                 '{asked}' is wrong; expecting '{region}'</Message><Region>{region}</Region></Error>"
            ),
        ),
        _ => (
            301,
            "<Error><Code>PermanentRedirect</Code><Message>The bucket you are attempting to access must be addressed using \
             the specified endpoint.</Message></Error>"
                .to_owned(),
        ),
    };
    let mut answer = reply(status, "application/xml", body);
    answer.headers_mut().insert("x-amz-bucket-region", region.parse().expect("a region"));
    answer
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
