//! Displayed values between JSON and the types of Jupyter's protocol.

use jupyter_protocol::{Media, MediaType};
use serde_json::{Map, Value};

/// The typed form of a MIME bundle. What is malformed for its type stays as it is.
pub(crate) fn typed(data: Map<String, Value>) -> Vec<MediaType> {
    data.into_iter()
        .flat_map(|(mime, value)| {
            let one = Value::Object(Map::from_iter([(mime.clone(), value.clone())]));
            match serde_json::from_value::<Media>(one) {
                Ok(media) => media.content,
                Err(_) => vec![MediaType::Other((mime, value))],
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_type_survives() {
        let bundle = json!({
            "application/vnd.dataresource+json": {"malformed": true},
            "application/vnd.trailbook.evidence+json": {"kind": "answer"},
            "text/html": "<b>1</b>",
            "text/plain": "1",
        });
        let Value::Object(data) = bundle.clone() else { unreachable!() };
        assert_eq!(serde_json::to_value(Media::new(typed(data))).unwrap(), bundle);
    }
}
