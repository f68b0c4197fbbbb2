use std::net::{Ipv4Addr, Ipv6Addr};

use ::url::Host;
use proptest::prelude::*;

use super::*;

fn policy(change: impl FnOnce(&mut EgressConfig)) -> EgressPolicy {
    let mut config = crate::config::Config::default().egress;
    change(&mut config);
    EgressPolicy::new(&config)
}

fn strict() -> EgressPolicy {
    policy(|_| {})
}

fn allowing(network: &str) -> EgressPolicy {
    policy(|config| config.allow = vec![network.parse().unwrap()])
}

/// First and last address of every denied network, and forms in which IPv6 hides IPv4.
const DENIED: [&str; 75] = [
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.255",
    "192.0.2.0",
    "192.0.2.255",
    "192.88.99.0",
    "192.88.99.255",
    "192.168.0.0",
    "192.168.255.255",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.0",
    "198.51.100.255",
    "203.0.113.0",
    "203.0.113.255",
    "224.0.0.0",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.254",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::",
    "64:ff9b::8.8.8.8",
    "64:ff9b::127.0.0.1",
    "64:ff9b:1::1",
    "64:ff9b:1:ffff:ffff:ffff:ffff:ffff",
    "100::",
    "100::ffff:ffff:ffff:ffff",
    "100:0:0:1::1",
    "2001::",
    "2001:0:7f00:1::",
    "2001:0:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
    "2001:db8::",
    "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
    "2002::",
    "2002:7f00:1::1",
    "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "3fff::",
    "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
    "4000::",
    "5f00::",
    "5f00:ffff::",
    "fc00::",
    "fd00::1",
    "fdff:ffff::",
    "fe80::",
    "fe80::1",
    "febf::1",
    "fec0::",
    "feff::1",
    "ff00::",
    "ff02::1",
    "ffff:ffff::",
];

/// Neighbours of the denied networks, and well-known public addresses.
const PUBLIC: [&str; 28] = [
    "1.0.0.0",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.0.3.0",
    "192.88.98.255",
    "192.88.100.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "203.0.112.255",
    "203.0.114.0",
    "223.255.255.255",
    "::ffff:8.8.8.8",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2a00:1450::1",
];

#[test]
fn every_special_address_is_denied_and_no_other() {
    for text in DENIED {
        let address: IpAddr = text.parse().unwrap();
        assert_eq!(strict().check_address(address), Err(Blocked::Denied), "{text}");
    }
    for text in PUBLIC {
        let address: IpAddr = text.parse().unwrap();
        assert_eq!(strict().check_address(address), Ok(()), "{text}");
    }
}

#[test]
fn denied_literals_are_denied_in_urls_too() {
    for text in DENIED {
        let host = if text.contains(':') { format!("[{text}]") } else { text.to_owned() };
        let found = strict().check_url(&format!("https://{host}/hook"), Purpose::Webhook);
        assert_eq!(found, Err(Blocked::Denied), "{text}");
    }
}

#[test]
fn good_urls_pass_as_they_are_understood() {
    for (text, understood) in [
        ("https://hooks.example.com/a?b=c", "https://hooks.example.com/a?b=c"),
        ("https://hooks.example.com", "https://hooks.example.com/"),
        ("HTTPS://Hooks.Example.COM:443/", "https://hooks.example.com/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://8.8.8.8/hook", "https://8.8.8.8/hook"),
        ("https://[2a00:1450::1]/hook", "https://[2a00:1450::1]/hook"),
        ("https://example.com/a%20b@c:d", "https://example.com/a%20b@c:d"),
    ] {
        let url = strict().check_url(text, Purpose::Webhook).unwrap();
        assert_eq!(url.as_str(), understood);
    }
}

#[test]
fn ambiguous_urls_are_refused() {
    let long = format!("https://example.com/{}", "a".repeat(2048));
    for text in [
        // Not absolute, or not in the plain form.
        "",
        "example.com",
        "//example.com/",
        "https:example.com",
        "https:/example.com",
        "https:///example.com",
        "https://",
        "https:///",
        "https://?a",
        // Other schemes.
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        // User names, also empty ones and those that look like the host.
        "https://user@example.com/",
        "https://user:pass@example.com/",
        "https://@example.com/",
        "https://8.8.8.8@127.0.0.1/",
        "https://example.com:80@127.0.0.1/",
        // Fragments.
        "https://example.com/#x",
        "https://example.com#@127.0.0.1/",
        // What parsers strip or read as a slash.
        "https://exa\tmple.com/",
        "https://example.com/\n",
        " https://example.com/",
        "https://example.com\\@127.0.0.1/",
        "https:\\\\example.com/",
        "https://example.com/\u{7f}",
        "https://example.com\u{3000}/",
        // Escaped hosts and zones.
        "https://%31%32%37.0.0.1/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        // IPv4 in other than four decimal numbers.
        "https://2130706433/",
        "https://134744072/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://010.8.8.8/",
        "https://127.1/",
        "https://8.8/",
        "https://8.8.8.8./",
        "https://008.8.8.8/",
        "https://8.8.8.0x8/",
        "https://1\u{2024}1.1.1/",
        "https://\u{ff11}.1.1.1/",
        "https://\u{2460}.1.1.1/",
        // Brackets.
        "https://[::1",
        "https://::1/",
        "https://[127.0.0.1]/",
        "https://[::1]extra/",
        "https://[[::1]]/",
        // Others.
        "https://example.com./",
        "https://exa mple.com/",
        "https://example.com:/a:b@c/#",
        long.as_str(),
    ] {
        let found = strict().check_url(text, Purpose::Webhook);
        assert!(matches!(found, Err(Blocked::Malformed(_))), "{text:?}: {found:?}");
    }
}

#[test]
fn only_known_ports_may_be_reached() {
    let check = |url: &str| strict().check_url(url, Purpose::Webhook);
    assert_eq!(check("https://example.com:8443/"), Err(Blocked::Port(8443)));
    assert_eq!(check("https://example.com:22/"), Err(Blocked::Port(22)));
    assert_eq!(check("https://example.com:0/"), Err(Blocked::Port(0)));
    assert!(check("https://example.com:80/").is_ok());
    let more = policy(|config| config.ports.push(8443));
    assert!(more.check_url("https://example.com:8443/", Purpose::Webhook).is_ok());
}

#[test]
fn webhooks_need_https_and_inputs_do_not() {
    let (url, policy) = ("http://example.com/", strict());
    assert_eq!(policy.check_url(url, Purpose::Webhook), Err(Blocked::Insecure));
    assert!(policy.check_url(url, Purpose::Input).is_ok());
    let open = super::tests::policy(|config| config.allow_http = true);
    assert!(open.check_url(url, Purpose::Webhook).is_ok());
}

#[test]
fn a_permitted_network_may_be_reached_over_http_on_any_port() {
    let policy = allowing("127.0.0.0/8");
    for url in
        ["http://127.0.0.1:43521/hook", "http://[::ffff:127.0.0.1]:9/", "http://localhost:9/"]
    {
        assert!(policy.check_url(url, Purpose::Webhook).is_ok(), "{url}");
    }
    assert_eq!(policy.check_url("http://[::1]:9/", Purpose::Webhook), Err(Blocked::Denied));
    assert_eq!(policy.check_url("http://10.0.0.1/", Purpose::Webhook), Err(Blocked::Denied));
    assert_eq!(policy.check_url("http://example.com/", Purpose::Webhook), Err(Blocked::Insecure));
    assert_eq!(strict().check_url("http://localhost/", Purpose::Webhook), Err(Blocked::Insecure));
}

#[test]
fn a_permitted_host_is_that_name_and_no_other() {
    let policy = policy(|config| config.allow_hosts = vec!["hooks.internal".to_owned()]);
    assert!(policy.check_url("http://hooks.internal:8080/", Purpose::Webhook).is_ok());
    assert!(policy.check_url("http://HOOKS.internal:8080/", Purpose::Webhook).is_ok());
    for other in ["http://a.hooks.internal/", "http://hooks.internal.evil.com/"] {
        assert_eq!(policy.check_url(other, Purpose::Webhook), Err(Blocked::Insecure));
    }
}

#[test]
fn our_own_addresses_are_denied_although_they_are_public() {
    let config = crate::config::Config::default().egress;
    let own: IpAddr = "8.8.4.4".parse().unwrap();
    let policy = EgressPolicy::with_own_addresses(&config, [own]);
    assert_eq!(policy.check_address(own), Err(Blocked::Denied));
    assert_eq!(policy.check_address("::ffff:8.8.4.4".parse().unwrap()), Err(Blocked::Denied));
    assert_eq!(policy.check_address("8.8.8.8".parse().unwrap()), Ok(()));
    let cluster = super::tests::policy(|config| config.deny = vec!["8.8.0.0/16".parse().unwrap()]);
    assert_eq!(cluster.check_address("8.8.8.8".parse().unwrap()), Err(Blocked::Denied));
}

#[tokio::test]
async fn names_are_resolved_and_judged() {
    assert_eq!(strict().resolve("localhost", 80).await, Err(Blocked::Denied));
    assert_eq!(strict().resolve("127.0.0.1", 80).await, Err(Blocked::Denied));
    assert_eq!(strict().resolve("[::1]", 80).await, Err(Blocked::Denied));
    let literal = strict().resolve("8.8.8.8", 443).await.unwrap();
    assert_eq!(literal, ["8.8.8.8:443".parse().unwrap()]);

    let both = policy(|config| {
        config.allow = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
    });
    let found = both.resolve("localhost", 4711).await.unwrap();
    assert!(found.iter().all(|address| address.ip().is_loopback() && address.port() == 4711));

    let named = policy(|config| config.allow_hosts = vec!["localhost".to_owned()]);
    assert!(named.resolve("LocalHost", 80).await.is_ok());
}

#[tokio::test]
async fn one_denied_address_denies_the_name() {
    let mixed = ["8.8.8.8:443", "10.0.0.1:443"].map(|text| text.parse().unwrap());
    assert_eq!(strict().judge_all("example.com", &mixed), Err(Blocked::Denied));
    assert_eq!(strict().judge_all("example.com", &mixed[..1]), Ok(()));
}

#[tokio::test]
async fn a_caller_can_not_tell_a_private_name_from_an_unknown_one() {
    let unknown = strict().resolve("no-such-name.invalid", 443).await.unwrap_err();
    assert_eq!(unknown, Blocked::Unresolved);
    assert_eq!(unknown.to_string(), Blocked::Denied.to_string());
}

/// A URL as an attacker writes it: parts that one parser reads otherwise than another, around a private address.
fn hostile_url() -> impl Strategy<Value = String> {
    let scheme = "https?|HTTPS|ftp|file|http:|https:/";
    let host = prop_oneof![
        any::<Ipv4Addr>().prop_map(|address| address.to_string()),
        any::<u32>().prop_map(|address| address.to_string()),
        any::<u32>().prop_map(|address| format!("0x{address:x}")),
        any::<[u8; 4]>().prop_map(|[a, b, c, d]| format!("0{a:o}.{b}.0x{c:x}.{d}")),
        any::<Ipv6Addr>().prop_map(|address| format!("[{address}]")),
        any::<Ipv4Addr>().prop_map(|address| format!("[::ffff:{address}]")),
        "127\\.[0-9]{1,3}\\.1|localhost|LOCALHOST\\.?|１２７。0。0。1|ⓛocalhost|169\\.254\\.169\\.254",
        "[a-z0-9.-]{1,12}|\\PC{1,6}",
    ];
    (
        scheme,
        "|[a-z]{1,3}@|[a-z]:[a-z]@|%40",
        host,
        "|:[0-9]{0,6}|:80@x",
        "\\PC{0,8}|/a\\?b#c|/../x|\\\\x",
    )
        .prop_map(|(scheme, user, host, port, rest)| format!("{scheme}://{user}{host}{port}{rest}"))
}

proptest! {
    /// What passes is public, and the same for whoever parses it again.
    #[test]
    fn a_url_that_passes_leads_nowhere_private(text in hostile_url(), webhook in any::<bool>()) {
        let purpose = if webhook { Purpose::Webhook } else { Purpose::Input };
        let Ok(url) = strict().check_url(&text, purpose) else { return Ok(()) };
        prop_assert!(matches!(url.scheme(), "http" | "https"));
        prop_assert!(!webhook || url.scheme() == "https");
        prop_assert!(url.username().is_empty() && url.password().is_none());
        prop_assert_eq!(strict().check_url(url.as_str(), purpose), Ok(url.clone()));
        match url.host() {
            Some(Host::Ipv4(address)) => {
                prop_assert!(strict().check_address(address.into()).is_ok());
                prop_assert!(text.contains(&address.to_string()), "{} is not how {} is written", address, text);
            }
            Some(Host::Ipv6(address)) => prop_assert!(strict().check_address(address.into()).is_ok()),
            Some(Host::Domain(name)) => prop_assert!(name.parse::<IpAddr>().is_err()),
            None => prop_assert!(false, "no host"),
        }
    }

    /// An address hidden in another form is judged as what it is.
    #[test]
    fn hidden_addresses_are_judged_as_what_they_are(address in any::<Ipv4Addr>()) {
        let plain = strict().check_address(address.into()).is_ok();
        prop_assert_eq!(strict().check_address(address.to_ipv6_mapped().into()).is_ok(), plain);
        if address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified()
            || address.is_broadcast() || address.is_documentation() || address.is_multicast()
        {
            prop_assert!(!plain, "{}", address);
        }
    }
}

/// What is registered is judged again in its escaped form before it is called.
#[test]
fn a_url_is_as_long_as_it_is_sent() {
    let url = |letters: usize| format!("https://example.com/{}", "\u{e4}".repeat(letters));
    assert!(strict().check_url(&url(300), Purpose::Input).is_ok());
    let blocked = strict().check_url(&url(600), Purpose::Input).unwrap_err();
    assert_eq!(blocked, Blocked::Malformed("it is longer than 2048 bytes"));
}
