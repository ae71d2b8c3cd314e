//! The Debian package, on a Debian that is booted for it.

use std::path::PathBuf;
use std::process::Command;

use sealift_tests::{Cloud, Machine, package, soon, until};

/// The worst score of `systemd-analyze security`, times ten.
const EXPOSURE: &str = "13";

/// A booted machine with the package, in sight of the test's cloud. `/mnt` is the test's own.
struct Gateway {
    // In the order in which they must be dropped.
    machine: Machine,
    cloud: Cloud,
}

impl Gateway {
    fn boot() -> Self {
        let cloud = Cloud::start();
        let machine = Machine::boot(&cloud.path("mnt"));
        std::fs::copy(package(), cloud.path("mnt/sealift.deb")).unwrap();
        let gateway = Self { machine, cloud };
        gateway.shell("dpkg --install /mnt/sealift.deb");
        gateway
    }

    #[track_caller]
    fn shell(&self, script: &str) -> String {
        self.machine.shell(script)
    }

    /// What an administrator does, by the comments of the default configuration.
    fn configure(&self) {
        let cloud = self.cloud.paths();
        for file in [&cloud.ca, &cloud.certificate, &cloud.key, &cloud.config] {
            let name = file.file_name().unwrap();
            std::fs::copy(file, self.cloud.path("mnt").join(name)).unwrap();
        }
        let more = r#"
            [service]
            state = "/var/lib/sealift"
            listen = "127.0.0.1:0"

            [[watch]]
            path = "/srv/out"
            destination = "s3://demo/"
            after = "delete"
        "#;
        self.cloud.file("mnt/more.toml", more);
        self.shell(
            "cd /mnt
             install -m 0644 AmazonRootCA1.pem device.pem.crt /etc/sealift/
             install -o sealift -g sealift -m 0600 private.pem.key /etc/sealift/
             cat sealift.toml more.toml > /etc/sealift/sealift.toml

             groupadd --system data
             mkdir /srv/out
             chgrp data /srv/out && chmod g+rwxs /srv/out
             mkdir /etc/systemd/system/sealift.service.d
             sed -e 's|^ReadWritePaths=.*|ReadWritePaths=/srv/out|' /usr/share/doc/sealift/examples/watch.conf \
                 > /etc/systemd/system/sealift.service.d/watch.conf
             systemctl daemon-reload",
        );
    }

    /// Drops a file and waits until it is in the bucket and no longer in the folder.
    #[track_caller]
    fn uploads(&self, name: &str) {
        self.shell(&format!("echo {name} > /srv/out/{name}"));
        assert_eq!(
            self.cloud.awaited_object(name),
            format!("{name}\n").into_bytes()
        );
        until("the file is deleted", soon(), || {
            self.machine
                .run(&["test", "-e", &format!("/srv/out/{name}")])
                .status
                == 1
        });
    }

    fn log(&self) -> String {
        self.shell("journalctl --unit sealift --output cat")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = ["journalctl", "--unit=sealift", "--no-pager", "--lines=40"];
            eprintln!("{}", self.machine.run(&log).stdout);
        }
    }
}

/// The same package with a higher version.
fn newer(gateway: &Gateway) -> PathBuf {
    let (unpacked, newer) = (
        gateway.cloud.path("unpacked"),
        gateway.cloud.path("mnt/newer.deb"),
    );
    let dpkg = |arguments: &[&str]| {
        let outcome = Command::new("dpkg-deb").args(arguments).output().unwrap();
        assert!(outcome.status.success(), "{outcome:?}");
    };
    dpkg(&[
        "--raw-extract",
        package().to_str().unwrap(),
        unpacked.to_str().unwrap(),
    ]);
    let control = unpacked.join("DEBIAN/control");
    let text = std::fs::read_to_string(&control).unwrap();
    let version = text
        .lines()
        .find(|line| line.starts_with("Version: "))
        .unwrap();
    std::fs::write(&control, text.replace(version, "Version: 9.0.0-1")).unwrap();
    dpkg(&[
        "--build",
        "-Znone",
        unpacked.to_str().unwrap(),
        newer.to_str().unwrap(),
    ]);
    newer
}

#[test]
fn a_gateway_is_installed_started_upgraded_and_removed() {
    let gateway = Gateway::boot();
    // Nothing runs before somebody has said what.
    assert_eq!(
        gateway
            .machine
            .run(&["systemctl", "is-active", "sealift"])
            .stdout,
        "inactive\n"
    );
    assert_eq!(
        gateway
            .machine
            .run(&["systemctl", "is-enabled", "sealift"])
            .stdout,
        "disabled\n"
    );
    let secret = gateway.shell("stat --format '%A %U %G' /etc/sealift /etc/sealift/sealift.toml");
    assert_eq!(secret, "drwxr-x--- root sealift\n-rw-r----- root sealift\n");

    gateway.configure();
    gateway.shell("systemctl enable --now sealift");
    gateway.uploads("first");
    let owned = gateway.shell("stat --format '%A %U' /var/lib/sealift /var/cache/sealift");
    assert_eq!(owned, "drwx------ sealift\ndrwx------ sealift\n");
    let listed = gateway.shell("su -s /bin/sh sealift -c 'sealift queue list'");
    assert!(
        listed.contains("done") && listed.contains("/srv/out/first"),
        "{listed}"
    );

    // The journal knows what is about which job, and how grave it is.
    let told = gateway.shell("journalctl --unit sealift PRIORITY=6 --output cat --grep job=1");
    assert!(told.starts_with("uploaded /srv/out/first"), "{told}");

    // A reload takes the new configuration, and the process stays.
    let process = || gateway.shell("systemctl show --property MainPID --value sealift");
    let before = process();
    gateway.shell(
        "sed -i 's|s3://demo/|s3://demo/reloaded/|' /etc/sealift/sealift.toml && systemctl reload sealift",
    );
    gateway.shell("echo reloaded > /srv/out/file");
    gateway.cloud.awaited_object("reloaded/file");
    assert_eq!(process(), before);

    // An upgrade starts the new program, and keeps what the administrator wrote.
    newer(&gateway);
    gateway.shell("sed -i 's|s3://demo/reloaded/|s3://demo/|' /etc/sealift/sealift.toml");
    gateway.shell("dpkg --install /mnt/newer.deb");
    assert_ne!(process(), before);
    gateway.uploads("second");
    assert_eq!(
        gateway.log().matches("uploaded ").count(),
        3,
        "{}",
        gateway.log()
    );

    // A removal leaves the configuration, a purge only the device's key.
    gateway.shell("dpkg --remove sealift");
    let active = gateway.machine.run(&["systemctl", "is-active", "sealift"]);
    assert_eq!(active.stdout, "inactive\n");
    gateway.shell("test -e /etc/sealift/sealift.toml && test -e /var/lib/sealift/queue.sqlite");
    gateway.shell("dpkg --purge sealift");
    gateway.shell("test ! -e /etc/sealift/sealift.toml && test ! -e /var/lib/sealift && test ! -e /var/cache/sealift");
    gateway.shell("test -e /etc/sealift/private.pem.key");
}

#[test]
fn the_key_can_be_a_credential_that_only_the_service_sees() {
    let gateway = Gateway::boot();
    gateway.configure();
    gateway.shell(
        "systemd-creds encrypt --name=device-key /mnt/private.pem.key /etc/sealift/device-key.cred
         rm /etc/sealift/private.pem.key
         cp /usr/share/doc/sealift/examples/credential.conf /etc/systemd/system/sealift.service.d/
         systemctl daemon-reload
         systemctl start sealift",
    );
    gateway.uploads("sealed");
    let secret = gateway.cloud.paths().key.clone();
    let secret = std::fs::read_to_string(secret).unwrap();
    let line = secret.lines().nth(1).unwrap();
    let found = gateway.machine.run(&[
        "grep",
        "-rF",
        line,
        "/etc",
        "/var",
        "/srv",
        "/usr/share/doc/sealift",
    ]);
    assert_eq!((found.status, found.stdout.as_str()), (1, ""), "{found:?}");
}

#[test]
fn what_is_wrong_with_the_configuration_is_in_the_journal_and_it_is_tried_again() {
    let gateway = Gateway::boot();
    gateway.configure();
    gateway.shell("sed -i 's|after = \"delete\"|after = \"shred\"|' /etc/sealift/sealift.toml");
    assert_ne!(
        gateway
            .machine
            .run(&["systemctl", "start", "sealift"])
            .status,
        0
    );
    let log = gateway.log();
    assert!(
        log.contains("/etc/sealift/sealift.toml") && log.contains("shred"),
        "{log}"
    );
    // The next try needs nobody.
    gateway.shell("sed -i 's|after = \"shred\"|after = \"delete\"|' /etc/sealift/sealift.toml");
    gateway.uploads("mended");
}

#[test]
fn the_unit_may_do_little() {
    let gateway = Gateway::boot();
    let unit = "/lib/systemd/system/sealift.service";
    let analyzed = gateway
        .machine
        .run(&["systemd-analyze", "verify", "--man=no", unit]);
    assert_eq!((analyzed.status, analyzed.stderr.as_str()), (0, ""));
    let threshold = format!("--threshold={EXPOSURE}");
    let analyzed = gateway.machine.run(&[
        "systemd-analyze",
        "security",
        "--offline=true",
        &threshold,
        unit,
    ]);
    println!("{}", analyzed.stdout.lines().last().unwrap());
    analyzed.done();
}

#[test]
fn manual_pages_and_completions_come_along() {
    let gateway = Gateway::boot();
    // The base leaves documentation out as small systems do, so what is in the package counts.
    let listed = gateway.shell("dpkg-deb --contents /mnt/sealift.deb");
    for page in [
        "sealift",
        "sealift-put",
        "sealift-run",
        "sealift-queue-add",
        "sealift-key-csr",
    ] {
        assert!(
            listed.contains(&format!("/man1/{page}.1")),
            "{page} in {listed}"
        );
    }
    let completed = gateway.machine.run(&[
        "bash",
        "-euc",
        ". /usr/share/bash-completion/completions/sealift
         COMP_WORDS=(sealift queue re) COMP_CWORD=2
         _sealift sealift re queue
         echo \"${COMPREPLY[@]}\"",
    ]);
    assert_eq!(completed.done(), "retry\n");
}
