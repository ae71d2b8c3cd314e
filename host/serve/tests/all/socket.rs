//! The UNIX socket.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use sealift_serve::Recipient;
use tokio::process::Command;
use tokio::time::timeout;

use crate::support::{DEADLINE, Stage, over_unix};

#[tokio::test]
async fn this_user_needs_no_token() {
    let stage = Stage::new("socket = \"s\"\n[clients.logger]\nrole_alias = \"logs\"");
    let path = stage.addresses.socket.clone().unwrap();
    let reply = over_unix(&path, "/credentials").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.json()["AccessKeyId"], "ASIA-DEFAULT");
    let Recipient::User { uid } = stage.handouts()[0].recipient else {
        panic!("{:?}", stage.handouts());
    };
    assert_eq!(uid, rustix::process::geteuid().as_raw());
    // Other clients are for those who have their tokens.
    for path_of_another in ["/credentials/logger", "/metrics"] {
        assert_eq!(over_unix(&path, path_of_another).await.status, 404);
    }
}

#[tokio::test]
async fn the_sockets_file_goes_with_the_server() {
    let mut stage = Stage::new("socket = \"s\"");
    let path = stage.addresses.socket.clone().unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    stage.stop().await;
    assert!(!path.exists());
}

/// Needs root, to be somebody else, and Python, to ask as that user.
#[tokio::test]
async fn another_user_is_refused_unless_the_configuration_names_them() {
    if !rustix::process::geteuid().is_root() || !fs::exists("/usr/bin/python3").unwrap() {
        eprintln!("skipped: only root can be another user, and python3 asks");
        return;
    }
    for (allowed, expected) in [("4242", "200"), ("4343", "403")] {
        let stage = Stage::new(&format!("socket = \"s\"\nsocket_users = [\"{allowed}\"]"));
        fs::set_permissions(stage.state.path(), Permissions::from_mode(0o711)).unwrap();
        let path = stage.addresses.socket.clone().unwrap();
        let script = "import os, socket, sys
os.setgroups([]); os.setgid(4242); os.setuid(4242)
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(b'GET /credentials HTTP/1.1\\r\\nhost: localhost\\r\\n\\r\\n')
answer = b''
while part := s.recv(65536): answer += part
print(answer.decode())";
        let asked = Command::new("/usr/bin/python3")
            .args(["-c", script])
            .arg(&path)
            .stderr(Stdio::inherit())
            .output();
        let output = timeout(DEADLINE, asked).await.unwrap().unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        assert_eq!(answer.get(9..12), Some(expected), "{answer}");
        assert_eq!(answer.contains("hunter"), expected == "200", "{answer}");
        assert_eq!(stage.handouts().len(), usize::from(expected == "200"));
        if expected == "403" {
            assert!(
                answer.contains("user 4242 may not use this socket"),
                "{answer}"
            );
        }
    }
}
