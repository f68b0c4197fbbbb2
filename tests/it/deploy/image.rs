//! The Dockerfile: what it copies is there, what it starts is accepted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tests::run_program;

use super::{ROOT, check_nats, filled_in, read};

/// An instruction: the stage that it belongs to, its name and what follows.
struct Instruction {
    stage: String,
    name: String,
    rest: String,
}

fn instructions() -> Vec<Instruction> {
    let text = read("deploy/Dockerfile").replace("\\\n", " ");
    let mut stage = String::new();
    let mut instructions = Vec::new();
    for line in
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let (name, rest) = line.split_once(' ').expect("an instruction says something");
        if name == "FROM" {
            let (_, named) = rest.split_once(" AS ").expect("every stage has a name");
            named.clone_into(&mut stage);
        }
        let (stage, name, rest) = (stage.clone(), name.to_owned(), rest.trim().to_owned());
        instructions.push(Instruction { stage, name, rest });
    }
    instructions
}

/// The arguments that a stage's program is started with by default.
fn command(stage: &str) -> Vec<String> {
    let instructions = instructions();
    let ours = |it: &&Instruction| it.stage == stage && it.name == "CMD";
    let command = instructions.iter().find(ours).expect("it has a command");
    serde_json::from_str(&command.rest).expect("it is a list")
}

#[test]
fn what_is_copied_is_there() {
    let mut stages = BTreeSet::new();
    for Instruction { stage, name, rest } in instructions() {
        stages.insert(stage);
        if name != "COPY" {
            continue;
        }
        let mut words: Vec<_> = rest.split_whitespace().collect();
        words.pop();
        match words[0].strip_prefix("--from=") {
            Some(from) => assert!(stages.contains(from), "{from} is no stage before it: {rest}"),
            None => {
                for source in words {
                    assert!(Path::new(ROOT).join(source).exists(), "there is no {source}: {rest}");
                }
            }
        }
    }
    for target in ["nats", "millrace"] {
        assert!(stages.contains(target), "there is no stage {target}");
    }
}

#[test]
fn the_compiler_is_the_one_of_the_workspace() {
    let toolchain = read("rust-toolchain.toml");
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap();
    let channel = channel.trim_matches('"');
    let dockerfile = read("deploy/Dockerfile");
    assert!(dockerfile.contains(&format!("FROM rust:{channel}-")), "not {channel}");
    assert!(dockerfile.contains(&format!("RUSTUP_TOOLCHAIN={channel}\n")), "not {channel}");
}

/// `--help` is read last: whatever stands before it is a subcommand and its options.
#[tokio::test]
async fn the_image_starts_with_a_command_that_the_program_knows() {
    let command = command("millrace");
    let mut arguments: Vec<_> = command.iter().map(String::as_str).collect();
    arguments.push("--help");
    let ran = run_program(&arguments, BTreeMap::new()).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    arguments.insert(1, "--no-such-option");
    assert_ne!(run_program(&arguments, BTreeMap::new()).await.code, 0, "nothing was checked");
}

#[test]
fn the_image_of_nats_server_starts_with_a_file_that_it_has() {
    let checked = check_nats(&command("nats"), &filled_in());
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success() && said.contains("is valid"), "{said}");
}
