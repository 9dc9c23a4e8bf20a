//! The first page and the API explorer, from within the binary.
//!
//! Duty: serve the files under `assets/` with their types and a tag, so that a browser asks
//! again only for what changed. Prohibition: nothing is fetched from elsewhere, at build or view.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest as _, Sha256};
use std::sync::OnceLock;

use crate::errors::Code;
use crate::problem::Problem;

struct Asset {
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
}

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const INDEX: Asset = Asset {
    path: "index.html",
    kind: HTML,
    bytes: include_bytes!("../assets/index.html"),
};

const DOCS: Asset = Asset {
    path: "docs.html",
    kind: HTML,
    bytes: include_bytes!("../assets/docs.html"),
};

/// What lies under `/assets/`.
const ASSETS: &[Asset] = &[
    Asset {
        path: "app.js",
        kind: SCRIPT,
        bytes: include_bytes!("../assets/app.js"),
    },
    Asset {
        path: "style.css",
        kind: CSS,
        bytes: include_bytes!("../assets/style.css"),
    },
    Asset {
        path: "icon.svg",
        kind: "image/svg+xml",
        bytes: include_bytes!("../assets/icon.svg"),
    },
    Asset {
        path: "docs.js",
        kind: SCRIPT,
        bytes: include_bytes!("../assets/docs.js"),
    },
    Asset {
        path: "swagger-ui-bundle.js",
        kind: SCRIPT,
        bytes: include_bytes!("../assets/vendor/swagger-ui-bundle.js"),
    },
    Asset {
        path: "swagger-ui.css",
        kind: CSS,
        bytes: include_bytes!("../assets/vendor/swagger-ui.css"),
    },
];

/// Tags of all assets, computed once.
fn tag(asset: &Asset) -> String {
    static TAGS: OnceLock<Vec<(&'static str, String)>> = OnceLock::new();
    let tags = TAGS.get_or_init(|| {
        let all = ASSETS.iter().chain([&INDEX, &DOCS]);
        all.map(|asset| {
            let digest: [u8; 32] = Sha256::digest(asset.bytes).into();
            let short: String = digest
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect();
            (asset.path, format!("\"{short}\""))
        })
        .collect()
    });
    let found = tags.iter().find(|(path, _)| *path == asset.path);
    found.map(|(_, tag)| tag.clone()).unwrap_or_default()
}

fn served(asset: &Asset, headers: &HeaderMap) -> Response {
    let tag = tag(asset);
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|value| value.as_bytes() == tag.as_bytes());
    let about = [
        (header::CONTENT_TYPE, asset.kind),
        (header::CACHE_CONTROL, "no-cache"),
        (header::ETAG, tag.as_str()),
    ];
    if known {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    (about, asset.bytes).into_response()
}

/// GET /
pub(crate) async fn index(headers: HeaderMap) -> Response {
    served(&INDEX, &headers)
}

/// GET /docs
pub(crate) async fn docs(headers: HeaderMap) -> Response {
    served(&DOCS, &headers)
}

/// GET /assets/{file}
pub(crate) async fn asset(
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let found = ASSETS.iter().find(|asset| asset.path == file);
    let asset = found.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(served(asset, &headers))
}
