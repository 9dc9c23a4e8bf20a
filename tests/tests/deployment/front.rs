//! What stands before the gateways: TLS, what browsers are told of it, and what is kept from them.

use crate::repository::text;

/// What a line of a file has to hold, and what is wrong where none does.
type Rule = (&'static [&'static str], &'static str);

const HAPROXY: (&str, [Rule; 8]) = (
    "deploy/haproxy.cfg",
    [
        (
            &["bind ", "${FURLONG_LISTEN}", " ssl ", "crt "],
            "the open door has no TLS",
        ),
        (
            &["ssl-default-bind-options", "ssl-min-ver TLSv1.2"],
            "old versions of TLS are spoken",
        ),
        (
            &[
                "http-after-response set-header Strict-Transport-Security",
                "max-age=31536000; includeSubDomains",
            ],
            "browsers are not told to keep to TLS",
        ),
        (
            &["http-request del-header X-Forwarded-For"],
            "whoever asks may say from where",
        ),
        (&["option forwardfor"], "nobody says who asks from where"),
        (
            &["http-request deny", "{ path /metrics /readyz }"],
            "figures are for everybody",
        ),
        (
            &["cookie __Host-", " httponly", " secure", "SameSite=Strict"],
            "a cookie without its guards",
        ),
        (
            &["timeout http-request "],
            "a request may take for ever to come",
        ),
    ],
);

const NGINX: (&str, [Rule; 7]) = (
    "deploy/nginx.conf",
    [
        (&["listen 443 ssl"], "the open door has no TLS"),
        (
            &["ssl_protocols TLSv1.2 TLSv1.3;"],
            "old versions of TLS are spoken",
        ),
        (
            &[
                "add_header Strict-Transport-Security",
                "max-age=31536000; includeSubDomains",
                " always;",
            ],
            "browsers are not told to keep to TLS",
        ),
        (
            &["proxy_set_header X-Forwarded-For $remote_addr;"],
            "whoever asks may say from where",
        ),
        (
            &["proxy_set_header Host $http_host;"],
            "pages of this place cannot be told from others",
        ),
        (
            &["location = /metrics { return 404; }"],
            "figures are for everybody",
        ),
        (
            &["location = /readyz { return 404; }"],
            "what is missing is told to everybody",
        ),
    ],
);

fn faults(page: &str, rules: &[Rule]) -> Vec<&'static str> {
    let lines = || {
        page.lines()
            .filter(|line| !line.trim_start().starts_with('#'))
    };
    let broken = rules
        .iter()
        .filter(|(parts, _)| !lines().any(|line| parts.iter().all(|part| line.contains(part))));
    broken.map(|(_, fault)| *fault).collect()
}

fn check(name: &str, rules: &[Rule]) {
    let page = text(name);
    assert_eq!(faults(&page, rules), Vec::<&str>::new(), "{name}");
    // Each fault is found in a file that has it.
    for (parts, fault) in rules {
        let without: Vec<&str> = page
            .lines()
            .filter(|line| !parts.iter().all(|part| line.contains(part)))
            .collect();
        let found = faults(&without.join("\n"), rules);
        assert!(found.contains(fault), "{name} without {parts:?}: {found:?}");
    }
}

#[test]
fn haproxy_speaks_tls_and_keeps_the_houses_own_to_the_house() {
    check(HAPROXY.0, &HAPROXY.1);
}

#[test]
fn nginx_speaks_tls_and_keeps_the_houses_own_to_the_house() {
    check(NGINX.0, &NGINX.1);
}
