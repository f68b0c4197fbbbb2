//! Which processes descend from one.

/// The descendants of a process, by id and name.
pub(super) fn descendants(of: u32) -> Vec<(u32, String)> {
    let all = processes();
    let mut family = vec![of];
    let mut found = Vec::new();
    let mut next = 0;
    while next < family.len() {
        for (id, parent, name) in &all {
            if *parent == family[next] && !family.contains(id) {
                family.push(*id);
                found.push((*id, name.clone()));
            }
        }
        next += 1;
    }
    found
}

/// Whether a process runs. One that has ended and was not waited for yet does not.
pub fn is_alive(pid: u32) -> bool {
    processes().iter().any(|(id, ..)| *id == pid)
}

/// Every process, by id, parent and name. What has ended and was not waited for yet is left out.
fn processes() -> Vec<(u32, u32, String)> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name may hold blanks and brackets: it ends with the last closing one.
            let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
            let mut fields = rest.split_whitespace();
            let state = fields.next()?;
            let parent = fields.next()?.parse().ok()?;
            (state != "Z").then(|| (id, parent, name.to_owned()))
        })
        .collect()
}
