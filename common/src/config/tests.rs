use std::io::Write as _;
use std::time::Duration;

use super::*;

/// Loads a file with this text and shows mistakes as a person sees them.
fn load(text: &str) -> Result<Config, Vec<String>> {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let name = file.path().display().to_string();
    let file = Some(file.path().to_owned());
    Config::load(&LoadOptions { file, ..LoadOptions::default() }).map_err(|mistakes| {
        mistakes.iter().map(|m| m.to_string().replace(&name, "file.toml")).collect()
    })
}

fn with_environment(variables: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let environment =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    load_options(&LoadOptions { environment, ..LoadOptions::default() })
}

fn with_overrides(overrides: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    let overrides =
        overrides.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    load_options(&LoadOptions { overrides, ..LoadOptions::default() })
}

fn load_options(options: &LoadOptions) -> Result<Config, Vec<String>> {
    Config::load(options).map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
}

#[test]
fn the_defaults_are_complete_and_good() {
    let config = Config::default();
    assert_eq!(config.gateway.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.gateway.body_limit, 64_000_000);
    assert_eq!(config.jobs.ack_wait, Duration::from_secs(30));
    assert_eq!(config.dispatcher.schedule.len(), 11);
    assert_eq!(config.worker.llm.len(), 0);
    assert!(config.worker.ffmpeg.is_some());
    assert!(config.worker.diagnostic.is_none());
    assert!(config.telemetry.otlp_endpoint.is_none());
}

#[test]
fn every_key_of_the_defaults_is_read_and_documented() {
    // Every key set from the environment to its own default must be accepted: none is left over.
    for key in schema::leaves() {
        let Some(schema::Node::Leaf(_)) = schema::find(&key) else { panic!("{key}") };
    }
    let wrong: Vec<_> = schema::leaves()
        .into_iter()
        .filter(|key| !FREE_TEXT.contains(&key.as_str()))
        .filter(|key| with_overrides(&[("worker.llm.0.url", "http://a"), (key, "\u{1}:")]).is_ok())
        .collect();
    assert_eq!(wrong, Vec::<String>::new(), "nobody reads these keys");
    let lines: Vec<_> = DEFAULTS.lines().collect();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(" = ")) {
        if !line.starts_with('#') {
            assert!(lines[index - 1].starts_with("# "), "{line} has no comment");
        }
    }
}

/// Keys that take any text.
const FREE_TEXT: [&str; 6] = [
    "nats.credentials",
    "nats.user",
    "worker.workspace",
    "worker.llm.0.key",
    "worker.llm.0.models",
    "nats.password",
];

#[test]
fn every_mistake_of_a_file_is_told_with_its_line() {
    let mistakes = load(
        r#"
[gateway]
listn = "0.0.0.0:80"
body_limit = 64
file_limit = "much"
listen = 8080

[jobs]
max_attempts = "3"
ack_wait = "500ms"

[gatway]
listen = "x"

[worker]
max_attempts = 3
llm = "http://a"

[worker.ffmpeg]
sandbox = "maybe"
enabled = "yes"

[egress]
allow = ["10.0.0.0/8", "10.0.0.0/33", 7]

[retention]
status = "24h"
"#,
    )
    .unwrap_err();
    assert_eq!(
        mistakes,
        [
            "file.toml:3: [gateway] listn: unknown key, did you mean listen?",
            "file.toml:4: [gateway] body_limit: must be a size like \"64MB\", from 1KB to 256MiB, not 64",
            "file.toml:5: [gateway] file_limit: must be a size like \"64MB\", from 1KB to 1TiB, not \"much\"",
            "file.toml:6: [gateway] listen: must be a text in quotes, not a whole number",
            "file.toml:9: [jobs] max_attempts: must be a whole number, 1 to 100, not \"3\"",
            "file.toml:10: [jobs] ack_wait: must be a duration like \"30s\", from 1s to 30m, not \"500ms\"",
            "file.toml:12: [gatway]: unknown section, did you mean gateway?",
            "file.toml:16: [worker] max_attempts: unknown key; there is one of this name in [jobs]",
            "file.toml:17: [worker] llm: may be repeated: write [[worker.llm]]",
            "file.toml:20: [worker.ffmpeg] sandbox: must be one of \"auto\", \"require\", \"off\", not \"maybe\"",
            "file.toml:21: [worker.ffmpeg] enabled: must be true or false, not \"yes\"",
            "file.toml:24: [egress] allow: \"10.0.0.0/33\" is not a network like \"10.0.0.0/8\" or \"fd00::/8\"",
            "file.toml:24: [egress] allow: must be a text in quotes, not a whole number",
            "file.toml:27: [retention] status: must be a duration like \"30s\", from 2days to 10years 7days 12h, not \"24h\"",
        ]
    );
}

#[test]
fn what_does_not_fit_together_is_told() {
    let mistakes = load(
        r#"
[nats]
replicas = 2
password = "p"
[gateway]
cors_origins = ["https://a.example/app", "*"]
[dispatcher]
connect_timeout = "15s"
schedule = []
[jobs.retry]
initial = "10m"
[[worker.llm]]
url = "http://127.0.0.1:11434/v1"
idle_timeout = "20m"
[[worker.llm]]
url = "http://127.0.0.1:11434/v1/"
aliases = ["a"]
[[worker.llm]]
slots = 1
[retention]
records = "1h"
[security]
master_key = "hunter2"
"#,
    )
    .unwrap_err();
    let expected = [
        "file.toml:3: [nats] replicas: must be 1, 3 or 5, not 2",
        "file.toml:4: [nats] password: needs a user",
        "file.toml:6: [gateway] cors_origins: \"https://a.example/app\" is not an origin; did you mean \"https://a.example\"?",
        "file.toml:9: [dispatcher] schedule: must have 1 to 50 entries",
        "file.toml:14: [worker.llm.0] idle_timeout: must be shorter than request_timeout (10m)",
        "file.toml:16: [worker.llm.1] url: is there already, with the same key and models",
        "file.toml:17: [worker.llm.1] aliases: \"a\" is not of the form \"name=model\"",
        "file.toml:18: [worker.llm.2] url: is missing",
        "file.toml:21: [retention] records: must not be shorter than results (1day)",
    ];
    for line in expected {
        assert!(mistakes.iter().any(|mistake| mistake == line), "{line}\n{mistakes:#?}");
    }
    for part in
        ["[dispatcher] total_timeout: must be longer", "[jobs.retry] max: must not be shorter"]
    {
        assert!(mistakes.iter().any(|mistake| mistake.contains(part)), "{part}\n{mistakes:#?}");
    }
    assert_eq!(mistakes.len(), expected.len() + 3, "{mistakes:#?}");
    assert!(!mistakes.join("\n").contains("hunter2"));
}

#[test]
fn a_file_that_is_no_toml_is_told_with_its_line() {
    let mistakes = load("[gateway]\nlisten = \n").unwrap_err();
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].starts_with("file.toml:2: "), "{mistakes:?}");
    let missing = LoadOptions { file: Some("/no/such/file.toml".into()), ..LoadOptions::default() };
    let mistakes = load_options(&missing).unwrap_err();
    assert!(mistakes[0].starts_with("the configuration file /no/such/file.toml can not be read"));
}

#[test]
fn the_environment_wins_over_the_file_and_the_command_line_over_both() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"[gateway]\nlisten = \"127.0.0.1:1\"\nid = \"file\"\nmax_wait = \"1m\"\n")
        .unwrap();
    let options = LoadOptions {
        presets: vec![("gateway.id".to_owned(), "preset".to_owned())],
        file: Some(file.path().to_owned()),
        environment: [
            ("MILLRACE_GATEWAY__LISTEN".to_owned(), "127.0.0.1:2".to_owned()),
            ("MILLRACE_GATEWAY__MAX_WAIT".to_owned(), "2m".to_owned()),
            ("HOME".to_owned(), "/".to_owned()),
        ]
        .into(),
        overrides: vec![("gateway.listen".to_owned(), "127.0.0.1:3".to_owned())],
        required: Vec::new(),
    };
    let gateway = Config::load(&options).unwrap().gateway;
    assert_eq!(gateway.listen.port(), 3);
    assert_eq!(gateway.max_wait, Duration::from_mins(2));
    assert_eq!(gateway.id, "file");
}

#[test]
fn the_environment_has_short_names_lists_and_nested_keys() {
    let config = with_environment(&[
        ("MILLRACE_NATS_URL", "nats://me:p%40ss@a:4222,nats://b:4222"),
        ("MILLRACE_EGRESS_ALLOW", "127.0.0.0/8, ::1"),
        ("MILLRACE_NATS__LIMITS__JOBS_BYTES", "2GiB"),
        ("MILLRACE_JOBS__RETRY__JITTER", "0"),
        ("MILLRACE_WORKER__FFMPEG__ENABLED", "false"),
        ("MILLRACE_WORKER__LLM", "http://a/v1, http://b/v1"),
        ("MILLRACE_WORKER__LLM__1__KEY", "own"),
        ("MILLRACE_LLM_KEY", "shared"),
        ("MILLRACE_DATA_DIR", "/data"),
        ("MILLRACE_GATEWAY__ID", ""),
    ])
    .unwrap();
    assert_eq!(config.nats.url, "nats://a:4222,nats://b:4222");
    assert_eq!(config.nats.user.as_deref(), Some("me"));
    assert_eq!(config.nats.password.unwrap().expose(), "p@ss");
    assert_eq!(config.egress.allow.len(), 2);
    assert_eq!(config.nats.limits.jobs_bytes, 2 << 30);
    assert!(config.jobs.retry.jitter.abs() < f64::EPSILON);
    assert!(config.worker.ffmpeg.is_none());
    let keys: Vec<_> =
        config.worker.llm.iter().map(|one| one.key.as_ref().unwrap().expose()).collect();
    assert_eq!(keys, ["shared", "own"]);
}

#[test]
fn unknown_variables_are_mistakes() {
    let mistakes = with_environment(&[
        ("MILLRACE_GATEWAY__LISTN", "x"),
        ("MILLRACE_GATEWAY_LISTEN", "x"),
        ("MILLRACE_JOBS__ACK_WAIT", "soon"),
        ("MILLRACE_WORKER", "x"),
        ("MILLRACE_FROBNICATE", "x"),
        ("MILLRACE_WORKER__LLM__4000__URL", "http://a"),
    ])
    .unwrap_err();
    assert_eq!(
        mistakes,
        [
            "MILLRACE_FROBNICATE: unknown variable; names are MILLRACE_<SECTION>__<KEY>",
            "MILLRACE_GATEWAY_LISTEN: unknown variable, did you mean MILLRACE_GATEWAY__LISTEN?",
            "MILLRACE_GATEWAY__LISTN: unknown variable, did you mean MILLRACE_GATEWAY__LISTEN?",
            "MILLRACE_JOBS__ACK_WAIT: [jobs] ack_wait: must be a duration like \"30s\", from 1s to 30m, not \"soon\"",
            "MILLRACE_WORKER: [worker]: is a section; name a key of it",
            "MILLRACE_WORKER__LLM__4000__URL: [worker.llm.4000] url: has a number above 999",
        ]
    );
}

#[test]
fn the_command_line_adds_endpoints() {
    let config = with_overrides(&[("worker.llm", "http://a/v1,http://b/v1")]).unwrap();
    let urls: Vec<_> = config.worker.llm.iter().map(|one| one.url.as_str()).collect();
    assert_eq!(urls, ["http://a/v1", "http://b/v1"]);
    assert_eq!(config.worker.llm[0].slots, 8);
    let mistakes = with_overrides(&[("worker.llm", "http://a/v1,nonsense")]).unwrap_err();
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert!(mistakes[0].starts_with("command line: [worker.llm.1] url: must be a URL with http"));
    let mistakes = with_environment(&[("MILLRACE_WORKER__LLM__0__SLOTS", "3")]).unwrap_err();
    assert_eq!(mistakes, ["MILLRACE_WORKER__LLM__0__SLOTS: [worker.llm.0] url: is missing"]);
    let mistakes = with_overrides(&[("worker.llmm", "x")]).unwrap_err();
    assert_eq!(mistakes, ["command line: [worker] llmm: unknown key, did you mean llm?"]);
}

#[test]
fn a_role_is_told_what_it_misses() {
    let options = LoadOptions { required: required::GATEWAY.to_vec(), ..LoadOptions::default() };
    assert_eq!(
        load_options(&options).unwrap_err(),
        [
            "[objects] url: is not set; set it in the file or as MILLRACE_OBJECTS__URL",
            "[records] url: is not set; set it in the file or as MILLRACE_RECORDS__URL",
            "[security] master_key: is not set; set it in the file or as MILLRACE_SECURITY__MASTER_KEY",
        ]
    );
    for keys in [required::GATEWAY, required::WORKER, required::DISPATCHER, required::KEEPER] {
        assert!(keys.iter().all(|key| matches!(schema::find(key), Some(schema::Node::Leaf(_)))));
    }
}

#[test]
fn no_secret_is_shown() {
    let config = with_overrides(&[
        ("records.url", "postgres://u:hunter2@db/millrace"),
        ("nats.url", "nats://u:hunter2@a:4222"),
        ("worker.llm.0.url", "http://a"),
        ("worker.llm.0.key", "hunter2"),
    ])
    .unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let mistakes = with_overrides(&[("records.url", "mysql://u:hunter2@db/x")]).unwrap_err();
    assert_eq!(
        mistakes,
        [
            "command line: [records] url: must be a URL with sqlite:// or postgres:// or postgresql://"
        ]
    );
}
