//! `gatewright publish`, `amend` and `retire`: the life of a version over the command line.

use crate::program::{Folder, GOOD, Said};

/// Days after 1970-01-01.
const MARCH: u64 = 20_513;

fn on(folder: &Folder, day: u64, args: &[&str]) -> Said {
    let mut program = folder.program(args);
    let seconds = (day * 86_400).to_string();
    Said::new(&program.env("SOURCE_DATE_EPOCH", seconds).output().expect("the program runs"))
}

/// The first lines of the entries, without digests.
fn entries(folder: &Folder) -> String {
    let text = folder.read("api.lock");
    let heads = text.lines().filter(|line| line.starts_with("version "));
    heads.map(|line| line.split(" chain ").next().unwrap_or(line).to_owned() + "\n").collect()
}

const PEOPLE: &str = "  GET /people -> [Person](..20) {
    public
    all = people GET /people
    return all.people { name: .first_name }
  }
}
";

#[test]
fn a_version_lives_and_ends() {
    let folder = Folder::new("publish-life", &[("tiny.api", GOOD)]);
    let by = ["--by", "storefront"];
    let publish = |day| on(&folder, day, &["publish", "1", by[0], by[1]]);
    publish(MARCH).is(0, "", "./api.lock: version 1 published 2026-03-01\n");
    folder.run(&["check"]).is(0, "", "");
    publish(MARCH).is(
        2,
        "",
        "error: version 1 is published as it is: nothing about it is new\n  = help: wiring, words, owners and consumers need no publishing\n",
    );

    let more = GOOD.replacen("  }\n}\n", &format!("  }}\n{PEOPLE}"), 1);
    folder.write("tiny.api", &more);
    folder.run(&["check"]).is(0, "", "");
    publish(MARCH + 30).is(0, "", "./api.lock: version 1 added 2026-03-31 GET /people\n");

    let broken = more.replace("type Id = text(/[a-z]+/)", "type Id = text(/[a-z]{3,}/)");
    folder.write("tiny.api", &broken);
    assert_eq!(publish(MARCH + 31).code, Some(1));

    let amend = |endpoint: &str| {
        let reason = ["--reason", "ids were never that short"];
        let args = ["amend", "1", endpoint, reason[0], reason[1], "--by", "storefront"];
        on(&folder, MARCH + 40, &args)
    };
    let said = amend("GET /people");
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("reaches `GET /people/{id}` as well"), "{}", said.err);
    amend("GET /people/{id}").is(
        0,
        "",
        "./api.lock: version 1 amended 2026-04-10 GET /people/{id}\n",
    );
    folder.run(&["check"]).is(0, "", "");

    let end = "version 1 {\n  deprecated since 2026-09-01, sunset 2027-03-01, see \"https://x.example\"\n";
    folder.write("tiny.api", &broken.replace("version 1 {\n", end));
    publish(MARCH + 60).is(0, "", "./api.lock: version 1 deprecated 2026-04-30\n");
    let sooner = end.replace("2027-03-01", "2026-12-01");
    folder.write("tiny.api", &broken.replace("version 1 {\n", &sooner));
    let said = folder.run(&["check"]);
    assert!(said.out.contains("error[sunset-moved-closer]"), "{}", said.out);
    assert!(said.out.contains("keep 2027-03-01 or choose a later date"), "{}", said.out);
    folder.write("tiny.api", &broken.replace("version 1 {\n", end));

    let retire = |day| on(&folder, day, &["retire", "1", by[0], by[1]]);
    retire(MARCH + 364).is(
        2,
        "",
        "error: version 1 may be retired from 2027-03-01 on, and it is 2027-02-28\n  = help: callers were told that day: keep serving them until then\n",
    );
    retire(MARCH + 365).is(0, "", "./api.lock: version 1 retired 2027-03-01\n");
    assert_eq!(
        entries(&folder),
        "version 1 published 2026-03-01 by storefront revision 1.0
version 1 added 2026-03-31 GET /people by storefront revision 1.1
version 1 amended 2026-04-10 GET /people/{id} \"ids were never that short\" approved by storefront revision 1.2
version 1 deprecated 2026-04-30 by storefront revision 1.2
version 1 retired 2027-03-01 by storefront revision 1.2
"
    );
    folder.run(&["check"]).is(0, "", "");
    assert_eq!(publish(MARCH + 400).code, Some(2));
}

#[test]
fn no_command_takes_what_breaks_a_promise() {
    let folder = Folder::new("publish-broken", &[("tiny.api", GOOD)]);
    on(&folder, MARCH, &["publish", "1", "--by", "storefront"]);
    let shorter = GOOD.replace("name: text eg", "name: text(..80) eg");
    folder.write("tiny.api", &shorter);
    let said = folder.run(&["check"]);
    assert_eq!(said.code, Some(0), "what answers hold may be less:\n{}", said.out);
    let broken = GOOD.replace("type Id = text(/[a-z]+/)", "type Id = text(/[a-z]{3,}/)");
    folder.write("tiny.api", &broken);
    let said = folder.run(&["check"]);
    assert_eq!(said.code, Some(1), "{}", said.out);
    for part in [
        "error[published-shape-changed]: version 1 is published; `GET /people/{id}` must keep its shape",
        "tiny.api:12:15",
        "api.lock:9:24",
        "published 2026-03-01 by storefront",
        "make the change in a version of its own",
        "`gatewright amend`",
    ] {
        assert!(said.out.contains(part), "{part}\n{}", said.out);
    }
    for command in ["generate", "build", "run", "mock", "test"] {
        let said = folder.run(&[command]);
        assert_eq!(said.code, Some(1), "{command}: {}", said.err);
        assert!(said.err.contains("published-shape-changed"), "{command}: {}", said.err);
    }
}

#[test]
fn nothing_is_written_where_nothing_is_asked() {
    let folder = Folder::new("publish-dry", &[("tiny.api", GOOD)]);
    let said = on(&folder, MARCH, &["publish", "1", "--by", "Ada L.", "--dry-run"]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    assert!(
        said.out.starts_with(
            "lock 1 tiny\n\nversion 1 published 2026-03-01 by \"Ada L.\" revision 1.0 chain "
        ),
        "{}",
        said.out
    );
    assert!(said.out.ends_with("\n\nend of 1 entry\n"), "{}", said.out);
    assert!(!folder.path("api.lock").exists());
    assert_eq!(on(&folder, MARCH, &["publish", "2"]).code, Some(2));
    assert_eq!(folder.run(&["retire", "1"]).code, Some(2));
    assert_eq!(folder.run(&["publish"]).code, Some(2));
    folder.write("tiny.api", &crate::bad());
    assert_eq!(on(&folder, MARCH, &["publish", "1", "--by", "x"]).code, Some(1));
}

#[test]
fn a_lock_that_was_touched_stops_everything() {
    let folder = Folder::new("publish-touched", &[("tiny.api", GOOD)]);
    on(&folder, MARCH, &["publish", "1", "--by", "x"]);
    let lock = folder.read("api.lock");
    folder.write("api.lock", &lock.replace("timeout 2s", "timeout 1s"));
    for args in [
        &["check"][..],
        &["publish", "1", "--by", "x"],
        &["generate"],
        &["retire", "1", "--by", "x"],
    ] {
        let said = folder.run(args);
        assert_eq!(said.code, Some(1), "{args:?}: {}{}", said.out, said.err);
        let told = said.out.clone() + &said.err;
        assert!(told.contains("error[lock-damaged]"), "{args:?}: {told}");
        assert!(told.contains("api.lock:9:3"), "{args:?}: {told}");
    }
    folder.write("api.lock", &lock.replace("\n", "\r\n"));
    let said = folder.run(&["check"]);
    assert!(
        said.out.contains("carriage returns") && said.out.contains(".gitattributes"),
        "{}",
        said.out
    );
}

#[test]
fn of_two_that_write_at_once_one_is_told_to_do_it_again() {
    let two = format!("{GOOD}version 2 from 1 {{ rename Person.name to full_name }}\n");
    let folder = Folder::new("publish-race", &[("tiny.api", &two)]);
    for _ in 0..3 {
        let _ = std::fs::remove_file(folder.path("api.lock"));
        let start = |version: &str| {
            let mut program = folder.program(&["publish", version, "--by", "x"]);
            program.spawn().expect("the program runs")
        };
        let both = [start("1"), start("2")];
        let codes: Vec<Option<i32>> =
            both.map(|mut child| child.wait().expect("it ends").code()).into();
        assert!(codes.contains(&Some(0)), "{codes:?}");
        assert!(codes.iter().all(|code| [Some(0), Some(3)].contains(code)), "{codes:?}");
        let written = codes.iter().filter(|code| **code == Some(0)).count();
        assert_eq!(entries(&folder).lines().count(), written, "none is lost");
        folder.run(&["check"]).is(0, "", "");
    }
    let left: Vec<_> = std::fs::read_dir(folder.path("")).expect("a folder").collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[cfg(unix)]
#[test]
fn permissions_and_links_of_a_lock_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = Folder::new("publish-mode", &[("tiny.api", GOOD), ("locks/keep", "")]);
    on(&folder, MARCH, &["publish", "1", "--by", "x"]);
    std::fs::rename(folder.path("api.lock"), folder.path("locks/tiny")).expect("renamed");
    symlink("locks/tiny", folder.path("api.lock")).expect("a link");
    let mode = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(folder.path("locks/tiny"), mode).expect("a mode");
    folder.write(
        "tiny.api",
        &GOOD.replace(
            "version 1 {\n",
            "version 1 {\n  deprecated since 2026-09-01, sunset 2027-03-01\n",
        ),
    );
    let said = on(&folder, MARCH, &["publish", "1", "--by", "x"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let mode = std::fs::metadata(folder.path("locks/tiny")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert!(std::fs::symlink_metadata(folder.path("api.lock")).expect("a link").is_symlink());
    assert!(folder.read("locks/tiny").ends_with("end of 2 entries\n"));
}

#[test]
fn entries_of_two_branches_are_put_in_order() {
    let folder = Folder::new("publish-rebase", &[("api/tiny.api", GOOD)]);
    folder.git(&["init", "-q"]);
    let publish = || on(&folder, MARCH, &["publish", "1", "api", "--by", "x"]);
    let commit = || {
        folder.git(&["add", "-A"]);
        folder.git(&["commit", "-q", "-m", "x"]);
    };
    assert_eq!(publish().code, Some(0));
    commit();
    folder.git(&["checkout", "-q", "-b", "own"]);
    let own = GOOD.replacen("  }\n}\n", &format!("  }}\n{PEOPLE}"), 1);
    folder.write("api/tiny.api", &own);
    assert_eq!(publish().code, Some(0));
    commit();
    folder.git(&["checkout", "-q", "main"]);
    let end = "version 1 {\n  deprecated since 2026-09-01, sunset 2027-03-01\n";
    folder.write("api/tiny.api", &GOOD.replace("version 1 {\n", end));
    assert_eq!(publish().code, Some(0));
    commit();
    folder.git(&["checkout", "-q", "own"]);
    assert_eq!(folder.git_says(&["merge", "-q", "main"]).code, Some(1), "both append");
    folder.write("api/tiny.api", &own.replace("version 1 {\n", end));
    let said = folder.run(&["check", "api"]);
    assert!(said.out.contains("the lock holds a conflict of a merge"), "{}", said.out);
    let said = on(&folder, MARCH, &["publish", "--rebase", "main", "--by", "x"]);
    assert_eq!(said.code, Some(2), "there is no contract here: {}", said.err);
    let mut program = folder.program(&["publish", "--rebase", "main"]);
    let said = Said::new(&program.current_dir(folder.path("api")).output().expect("it runs"));
    said.is(0, "", "./api.lock: version 1 added 2026-03-01 GET /people\n");
    folder.run(&["check", "api"]).is(0, "", "");
    let heads = folder.read("api/api.lock");
    let acts: Vec<&str> = heads
        .lines()
        .filter(|line| line.starts_with("version "))
        .filter_map(|line| line.split(' ').nth(2))
        .collect();
    assert_eq!(acts, ["published", "deprecated", "added"]);
}

/// A contract with an import, published, and other states of it: as it is at first.
fn states(name: &str) -> Folder {
    let folder = Folder::new(
        name,
        &[
            (
                "api/tiny.api",
                &GOOD
                    .replace("version 1 {", "import \"../common\"\n\nversion 1 {")
                    .replace("{ name: text", "{ name: common.Name"),
            ),
            ("common/common.api", "type Name = text(..80)\n"),
        ],
    );
    folder.git(&["init", "-q"]);
    assert_eq!(on(&folder, MARCH, &["publish", "1", "api", "--by", "x"]).code, Some(0));
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", "x"]);
    folder.git(&["archive", "-o", "old.tar.gz", "HEAD"]);
    folder.git(&["archive", "-o", "old.tar", "HEAD"]);
    std::fs::create_dir_all(folder.path("old")).expect("a folder");
    for name in ["api", "common"] {
        std::fs::create_dir_all(folder.path(&format!("old/{name}"))).expect("a folder");
    }
    for name in ["api/tiny.api", "api/api.lock", "common/common.api"] {
        folder.write(&format!("old/{name}"), &folder.read(name));
    }
    folder
}

const STATES: [&str; 6] =
    ["HEAD", "HEAD:api", "old/api", "old/api/api.lock", "old.tar", "old.tar.gz"];

#[test]
fn a_lock_goes_on_from_that_of_another_state() {
    let folder = states("publish-against");
    for state in STATES {
        folder.run(&["check", "api", "--against", state]).is(0, "", "");
    }
    // The same promise under a chain of its own: whoever wrote it anew.
    std::fs::remove_file(folder.path("api/api.lock")).expect("it was there");
    assert_eq!(on(&folder, MARCH, &["publish", "1", "api", "--by", "y"]).code, Some(0));
    folder.run(&["check", "api"]).is(0, "", "");
    for state in STATES {
        let said = folder.run(&["check", "api", "--against", state]);
        assert_eq!(said.code, Some(1), "{state}: {}", said.out);
        let told = format!("`api.lock` is not a continuation of the one of {state}");
        assert!(said.out.contains(&told), "{state}: {}", said.out);
    }
    std::fs::remove_file(folder.path("api/api.lock")).expect("it was there");
    let said = folder.run(&["check", "api", "--against", "HEAD"]);
    assert!(said.out.contains("HEAD has a lock, and this contract has none"), "{}", said.out);
}

#[test]
fn another_state_is_a_revision_a_directory_a_lock_or_an_archive() {
    let folder = states("publish-states");
    for state in STATES {
        let said = folder.run(&["diff", state, "api"]);
        assert_eq!(said.code, Some(0), "{state}: {}{}", said.out, said.err);
    }
    folder.write("common/common.api", "type Name = text\n");
    for state in STATES {
        let said = folder.run(&["diff", state, "api"]);
        assert_eq!(said.code, Some(1), "{state}: {}{}", said.out, said.err);
        assert!(said.out.contains("breaking[constraint/"), "{state}: {}", said.out);
    }
    for (state, told) in [
        ("nowhere", "no path and no git revision"),
        ("HEAD:none", "there is no"),
        ("https://shop.example/?x", "is no address"),
    ] {
        let said = folder.run(&["check", "api", "--against", state]);
        assert_eq!(said.code, Some(2), "{state}: {}", said.err);
        assert!(said.err.contains(told), "{state}: {}", said.err);
    }
}
