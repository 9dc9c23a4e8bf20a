//! What browsers are told, and what they are not let do.
//!
//! Duty: header fields on every answer, so that it is shown as what it is, nowhere within another
//! site's page and with nothing from elsewhere; and whose pages may open a socket.
//!
//! Prohibition: nothing here lets anybody in. Who asks is told by a token and by nothing that a
//! browser sends of its own accord, so that another site's page cannot ask in a customer's name.

use axum::http::{HeaderMap, HeaderValue, Uri, header};

/// The first page and what it is made of: scripts, styles and requests of its own, none inline.
const PAGE: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; \
                    frame-ancestors 'none'";
/// The API explorer writes styles and images of its own into its page.
const EXPLORER: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
                        img-src 'self' data:; object-src 'none'; base-uri 'none'; \
                        form-action 'self'; frame-ancestors 'none'";
/// Everything else is data: opened as a page it loads, runs and sends nothing.
const DATA: &str = "default-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; \
                    frame-ancestors 'none'; sandbox";

const fn policy(route: &str) -> &'static str {
    match route.as_bytes() {
        b"/" | b"/assets/{file}" => PAGE,
        b"/docs" => EXPLORER,
        _ => DATA,
    }
}

/// Header fields of an answer of that route. Answers of the API are for whoever asked and are kept
/// by nobody in between.
pub(crate) fn secure(headers: &mut HeaderMap, route: &str) {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, policy(route)),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
        headers.insert(name, HeaderValue::from_static("same-origin"));
    }
    if route.starts_with("/v1/") {
        headers
            .entry(header::CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
    }
}

/// Whether a socket may be opened: by whoever is no page (no browser leaves the `Origin` out), and
/// by pages that came from the very place that is asked.
pub(crate) fn may_open_socket(headers: &HeaderMap, uri: &Uri) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else {
        return true;
    };
    let page = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"))
        .map(|(_, authority)| authority);
    let here = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| uri.authority().map(|authority| authority.as_str()));
    match (page, here) {
        (Some(page), Some(here)) => page.eq_ignore_ascii_case(here),
        (Some(_) | None, _) => false,
    }
}
