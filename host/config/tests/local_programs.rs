//! What a configuration says about programs on this machine.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use sealift_config::{Account, ClientName, Config, Environment, Error, LoopbackAddress};

fn parse_with(more: &str, env: &[(&str, &str)]) -> Result<Config, Error> {
    let text = format!(
        r#"
        [device]
        certificate = "device.pem.crt"
        key = "private.pem.key"

        [credentials]
        endpoint = "c0ffee.credentials.iot.ap-northeast-1.amazonaws.com"
        role_alias = "s3_role_alias"
        {more}
        "#
    );
    let env: Environment = env.iter().copied().collect();
    Config::parse(&text, Path::new("/etc/sealift/sealift.toml"), &env)
}

fn parse(more: &str) -> Config {
    parse_with(more, &[]).unwrap()
}

#[test]
fn nothing_but_the_documented_address_is_listened_on_unless_said() {
    let config = parse("");
    let local = &config.service.local;
    assert_eq!(local.listen, LoopbackAddress::v4(9911));
    assert_eq!(local.metrics_listen, None);
    assert_eq!(local.socket, None);
    assert_eq!(local.imds_listen, None);
    let clients: Vec<_> = config.clients.iter().collect();
    assert_eq!(clients.len(), 1);
    assert_eq!(clients[0].0, &ClientName::default_client());
    assert_eq!(clients[0].1.role_alias, None);
}

#[test]
fn every_key_can_be_set() {
    let config = parse(
        r#"
        [service]
        listen = "[::1]:1"
        metrics_listen = "127.0.0.2:2"
        imds_listen = "127.0.0.1:3"
        socket = "run/sealift.sock"
        socket_users = ["alice", "1000"]
        socket_groups = ["www-data"]

        [clients.logger]
        role_alias = "logs"

        [clients.other]
        "#,
    );
    let local = &config.service.local;
    assert_eq!(local.listen.to_string(), "[::1]:1");
    assert_eq!(local.metrics_listen.unwrap().to_string(), "127.0.0.2:2");
    assert_eq!(local.imds_listen.unwrap().to_string(), "127.0.0.1:3");
    let socket = local.socket.as_ref().unwrap();
    assert_eq!(socket.path, Path::new("/etc/sealift/run/sealift.sock"));
    let alice = Account::Name("alice".to_owned());
    assert_eq!(socket.users, [alice, Account::Id(1000)]);
    assert_eq!(socket.groups, [Account::Name("www-data".to_owned())]);
    let role = |name: &str| {
        let client = &config.clients[&name.parse().unwrap()];
        client.role_alias.as_ref().map(ToString::to_string)
    };
    assert_eq!(role("logger").as_deref(), Some("logs"));
    assert_eq!(role("other"), None);
    assert_eq!(role("default"), None);
}

#[test]
fn a_variable_cannot_open_the_service_to_the_network() {
    let env = [("SEALIFT_SERVICE_LISTEN", "0.0.0.0:9911")];
    let error = parse_with("", &env).unwrap_err().to_string();
    assert!(error.contains("SEALIFT_SERVICE_LISTEN"), "{error}");
    assert!(error.contains("not a loopback address"), "{error}");
}

#[test]
fn a_variable_is_no_client() {
    let env = [("SEALIFT_CLIENTS_LOGGER", "logs")];
    let error = parse_with("", &env).unwrap_err().to_string();
    assert!(error.contains("SEALIFT_CLIENTS_LOGGER"), "{error}");
    assert!(error.contains("must be a table"), "{error}");
}

#[test]
fn there_are_at_most_32_clients_beside_the_default() {
    let clients = |count: usize| -> String {
        let client = |number| format!("[clients.c{number}]\n");
        (0..count).map(client).collect()
    };
    assert_eq!(parse(&clients(32)).clients.len(), 33);
    let error = parse_with(&clients(33), &[]).unwrap_err().to_string();
    assert!(error.contains("at most 32 clients"), "{error}");
}

#[test]
fn ports_that_the_system_chooses_do_not_collide() {
    let service = r#"
        [service]
        listen = "127.0.0.1:0"
        imds_listen = "127.0.0.1:0"
        "#;
    assert_eq!(parse(service).service.local.listen.port(), 0);
}
