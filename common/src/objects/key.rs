//! How keys are spelled. Nobody else spells one.
//!
//! ```text
//! jobs/<job>/input                 parameters that are too large for the envelope
//! jobs/<job>/in/<name>             input files fetched for the job
//! jobs/<job>/<run>/<name>          artifacts of a run
//! jobs/<job>/<run>/result          result of a run
//! files/<tenant>/<id>/content      uploaded files
//! files/<tenant>/<id>/meta.json    what is known about them
//! ```

use object_store::path::PathPart;

use crate::job::{JobId, RunId, Tenant};

/// What a run writes. Every run has its own keys, so that two runs of a job never touch each other's objects; the
/// terminal event names the winner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunKey {
    /// The job.
    pub job: JobId,
    /// The run.
    pub run: RunId,
}

impl RunKey {
    /// The key of an artifact. The name is escaped, so that it is always one segment; `result` is taken.
    pub fn artifact(&self, name: &str) -> String {
        format!("{}/{}", self.prefix(), segment(name))
    }

    /// The key of the result document.
    pub fn result(&self) -> String {
        format!("{}/result", self.prefix())
    }

    /// What all keys of the run begin with, for [`Objects::delete_prefix`](super::Objects::delete_prefix).
    pub fn prefix(&self) -> String {
        format!("jobs/{}/{}", self.job, self.run)
    }
}

/// What all keys of a job begin with.
pub fn job_prefix(job: JobId) -> String {
    format!("jobs/{job}")
}

/// The key of a job's parameters when they are too large for the envelope.
pub fn input_key(job: JobId) -> String {
    format!("jobs/{job}/input")
}

/// The key of an input file that was fetched for a job. The name is escaped.
pub fn fetched_input(job: JobId, name: &str) -> String {
    format!("jobs/{job}/in/{}", segment(name))
}

/// An uploaded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileKey {
    /// Its owner.
    pub tenant: Tenant,
    /// Its id; escaped in the key.
    pub id: String,
}

impl FileKey {
    /// The key of its bytes.
    pub fn content(&self) -> String {
        format!("{}/content", self.prefix())
    }

    /// The key of what is known about it.
    pub fn meta(&self) -> String {
        format!("{}/meta.json", self.prefix())
    }

    /// What both keys begin with.
    pub fn prefix(&self) -> String {
        format!("files/{}/{}", self.tenant, segment(&self.id))
    }
}

/// The text as one segment of a key, whatever is in it.
fn segment(text: &str) -> String {
    PathPart::from(text).as_ref().to_owned()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn keys_are_spelled_as_documented() {
        let job = JobId::from_uuid(Uuid::from_u128(1));
        let run = RunKey { job, run: RunId::from_uuid(Uuid::from_u128(2)) };
        let (one, two) =
            ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002");
        assert_eq!(run.artifact("output.mp4"), format!("jobs/{one}/{two}/output.mp4"));
        assert_eq!(run.result(), format!("jobs/{one}/{two}/result"));
        assert_eq!(input_key(job), format!("jobs/{one}/input"));
        assert_eq!(fetched_input(job, "image"), format!("jobs/{one}/in/image"));
        assert!(run.result().starts_with(&job_prefix(job)));
        let file = FileKey { tenant: "acme".parse().unwrap(), id: "file-1".to_owned() };
        assert_eq!(file.content(), "files/acme/file-1/content");
        assert_eq!(file.meta(), "files/acme/file-1/meta.json");
    }

    #[test]
    fn no_name_leaves_its_place() {
        let run = RunKey { job: JobId::from_uuid(Uuid::nil()), run: RunId::from_uuid(Uuid::nil()) };
        for name in ["../../etc/passwd", "..", ".", "a/b", "a\\b", "", "a#1", "\0"] {
            let key = run.artifact(name);
            let rest = key.strip_prefix(&format!("{}/", run.prefix())).unwrap();
            assert!(!rest.contains('/') && rest != ".." && rest != ".", "{name:?}: {rest}");
        }
    }
}
