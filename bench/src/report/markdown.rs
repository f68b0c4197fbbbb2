//! Figures for a page.

use std::fmt::Write as _;

use super::number;
use super::row::Found;
use super::summary::summary;
use super::table::{cells, cpu, memory};

const BEGIN: &str = "<!-- figures: made by `bench report`, do not edit -->";
const END: &str = "<!-- end of figures -->";

/// The figures of all benches.
pub(crate) fn markdown(all: &[Found]) -> String {
    let mut text = String::new();
    if let Some(first) = all.first() {
        let machine = &first.machine;
        let fsync = machine.fsync_ms.map_or_else(String::new, |ms| {
            format!("; a synced write takes {} ms there", number(ms))
        });
        let _ = writeln!(
            text,
            "Measured on {} ({} cores, {} GiB), Linux {}, nats-server {}, Millrace {}{fsync}.\n",
            machine.processor,
            machine.cores,
            machine.memory_gib,
            machine.kernel,
            machine.nats_server,
            machine.millrace,
        );
        let mut runs: Vec<_> = all.iter().map(|found| &found.run).collect();
        runs.dedup();
        for run in runs {
            let _ =
                writeln!(text, "Run {} of revision {}: {}.\n", run.id, run.revision, run.options);
        }
        let took: f64 = all.iter().map(|found| found.took_s).sum();
        let _ = writeln!(text, "All benches took {:.0} min.\n\n{}", took / 60.0, summary(all));
    }
    for found in all {
        one(&mut text, found);
    }
    text
}

fn one(text: &mut String, found: &Found) {
    let tried =
        if found.smoke { " **A trial: the amounts are too small to mean anything.**" } else { "" };
    let _ = writeln!(
        text,
        "### `{}`\n\n{} Medians of {} rounds, {:.0} s, ended {}.{tried}\n",
        found.bench, found.about, found.rounds, found.took_s, found.ended_at
    );
    if let Some(why) = &found.failed {
        let _ = writeln!(text, "**It ended before its time: {}**\n", escape(why));
    }
    for remark in &found.remarks {
        let _ = writeln!(text, "{}.\n", escape(remark));
    }
    let _ = writeln!(
        text,
        "| what | median | unit | rounds, least to most | ratio | to reach | note |\n\
         |---|---:|---|---|---|---|---|"
    );
    for row in &found.rows {
        let cell = cells(row);
        let (goals, note) = (cell.goals.join("<br>"), row.note.as_deref().unwrap_or_default());
        let cells = [&row.name, &cell.value, &row.unit, &cell.spread, &cell.against, &goals, note];
        let _ = writeln!(text, "| {} |", cells.map(escape).join(" | "));
    }
    let costs: Vec<_> = found.rows.iter().filter(|row| !row.cpu_us.is_empty()).collect();
    if !costs.is_empty() {
        let _ = writeln!(
            text,
            "\n| what | processor time of one operation, µs | most memory, MiB |\n|---|---|---|"
        );
        for row in costs {
            let _ = writeln!(text, "| {} | {} | {} |", escape(&row.name), cpu(row), memory(row));
        }
    }
    text.push('\n');
}

fn escape(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// A page with its figures replaced; an error when it has no place for them.
pub(crate) fn put_between_marks(page: &str, figures: &str) -> anyhow::Result<String> {
    let parts =
        page.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let Some((before, after)) = parts else {
        anyhow::bail!("the page has no lines '{BEGIN}' and '{END}'")
    };
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", figures.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_figures_of_a_page_are_replaced() {
        let page = format!("# Title\n\n{BEGIN}\nold\n{END}\n\nthe end\n");
        let page = put_between_marks(&page, "new\n").unwrap();
        assert_eq!(page, format!("# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nthe end\n"));
        assert!(put_between_marks("nothing", "new").is_err());
    }
}
