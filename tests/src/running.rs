//! A call of `sealift` that is under way.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Outcome, Program, soon, until};

/// Far more than anything here takes: whoever waits for so long waits in vain.
const PATIENCE: Duration = Duration::from_secs(30);

/// A call of `sealift` that is under way. It ends with the value.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    stdout: String,
    stderr: Arc<Mutex<Vec<u8>>>,
    listener: Option<JoinHandle<()>>,
}

impl Running {
    /// Starts a program whose standard input the test holds open.
    pub fn start(program: Program) -> Self {
        Self::of(program.command())
    }

    /// Starts any command in the same way.
    pub fn of(mut command: Command) -> Self {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            BufReader::new(stdout)
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        let heard = Arc::<Mutex<Vec<u8>>>::default();
        let said = Arc::clone(&heard);
        let listener = thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let length @ 1.. = stderr.read(&mut buffer).unwrap() {
                said.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Self {
            child,
            lines,
            stdout: String::new(),
            stderr: heard,
            listener: Some(listener),
        }
    }

    /// Its standard input. Dropping it is the end of the input.
    pub fn stdin(&mut self) -> ChildStdin {
        self.child.stdin.take().unwrap()
    }

    /// Waits until it prints this line.
    #[track_caller]
    pub fn wait_for(&mut self, expected: &str) {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.stdout.push_str(&line);
                    self.stdout.push('\n');
                    if line == expected {
                        return;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("no line `{expected}` in: {}", self.stdout)
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended before it printed `{expected}`: {}", self.stdout)
                }
            }
        }
    }

    /// What it has said on standard error until now.
    pub fn said(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().unwrap()).into_owned()
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end. A program that a signal killed has the status -1.
    #[track_caller]
    pub fn end(self) -> Outcome {
        self.end_by(soon())
    }

    /// The same, where it takes longer than most.
    #[track_caller]
    pub fn end_by(mut self, deadline: Instant) -> Outcome {
        let mut status: Option<ExitStatus> = None;
        until("the program ends", deadline, || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let rest = self.lines.iter().map(|line| line + "\n");
        self.stdout.extend(rest);
        self.listener.take().unwrap().join().unwrap();
        Outcome {
            status: status.and_then(|status| status.code()).unwrap_or(-1),
            stdout: std::mem::take(&mut self.stdout),
            stderr: self.said(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
