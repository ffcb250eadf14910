//! Who gave a membership: PostgreSQL 16 and newer take nobody for it but the first superuser of a cluster and whoever may pass
//! the role on. That of a throwaway server is another one than the dumped cluster's.

const GRANTOR: &[u8] = b" GRANTED BY ";

/// How many bytes of a statement stand before the grantor of a membership, as `pg_dumpall` writes it.
pub(in super::super) fn before_grantor(statement: &[u8]) -> Option<usize> {
    let at = memchr::memmem::rfind(statement, GRANTOR)?;
    let name = statement[at + GRANTOR.len()..].strip_suffix(b";")?;
    // That of a privilege is whoever gives it.
    let of_privilege = memchr::memmem::find(statement, b" ON ").is_some();
    (is_name(name) && !of_privilege).then_some(at)
}

/// Whether this is one name, as `pg_dumpall` quotes it.
fn is_name(text: &[u8]) -> bool {
    let within = text
        .strip_prefix(b"\"")
        .and_then(|rest| rest.strip_suffix(b"\""));
    let Some(within) = within else {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'$';
        return !text.is_empty() && text.iter().all(plain);
    };
    let quotes = memchr::memchr_iter(b'"', within).count();
    !within.is_empty() && quotes == 2 * memchr::memmem::find_iter(within, b"\"\"").count()
}

#[cfg(test)]
mod tests {
    use super::before_grantor;

    fn without(statement: &str) -> Option<&str> {
        before_grantor(statement.as_bytes()).map(|length| &statement[..length])
    }

    #[test]
    fn the_grantor_of_a_membership_is_found_and_nothing_else() {
        let member = "GRANT g1 TO u1 WITH INHERIT TRUE";
        assert_eq!(
            without(&format!("{member} GRANTED BY postgres;")),
            Some(member)
        );
        assert_eq!(
            without("GRANT a TO b GRANTED BY \"o\"\"x y\";"),
            Some("GRANT a TO b")
        );
        for other in [
            "GRANT a TO b;",
            "GRANT a TO \"b GRANTED BY c\";",
            "GRANT SELECT ON t TO b GRANTED BY c;",
            "GRANT a TO b GRANTED BY c",
            "GRANT a TO b GRANTED BY c CASCADE;",
        ] {
            assert_eq!(without(other), None, "{other}");
        }
    }
}
