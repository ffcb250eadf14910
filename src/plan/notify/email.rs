//! Mail: to whom, from whom, and by which server.

use std::path::PathBuf;

use super::{
    super::{
        settings::optional,
        smtp,
        yaml::{Node, Value},
    },
    EmailPlan,
    sink::Sink,
};

/// Reads `email`.
pub(super) fn email(sink: &Sink<'_, '_>) -> Option<EmailPlan> {
    let on = sink.on();
    let to = addressees(sink);
    let ca = optional(sink.file, &sink.fields, "ca").map(PathBuf::from);
    let from = optional(sink.file, &sink.fields, "from");
    if let (Some(from), Some(entry)) = (&from, sink.fields.get("from")) {
        mailbox(sink, from, entry.value);
    }
    let smtp = sink.needed("smtp", "write smtp: ${SMTP_URL:-}")?;
    let entry = sink.fields.get("smtp")?;
    if smtp.contains('@') && !sink.is_from_environment("smtp") {
        return None;
    }
    let smtp = match smtp::read(smtp.trim()) {
        Ok(smtp) => smtp,
        Err((message, help)) => {
            sink.file.secret(entry.value, message, help);
            return None;
        }
    };
    let user = smtp.user.clone().filter(|user| is_mailbox(user));
    let Some(from) = from.or(user) else {
        let help = "write from: pgdrill@example.com";
        let message = "\"email\" does not say from whom, and the user in \"smtp\" is no address";
        sink.file.error(sink.entry.key, message, help);
        return None;
    };
    let plan = EmailPlan {
        to,
        from,
        smtp,
        ca,
        on,
    };
    (!plan.to.is_empty()).then_some(plan)
}

/// `to` is a list, or one text with commas, as a variable holds it.
fn addressees(sink: &Sink<'_, '_>) -> Vec<String> {
    let help = "write to: [ops@example.com]";
    let Some(entry) = sink.fields.get("to") else {
        sink.file
            .error(sink.entry.key, "\"email\" goes to nobody", help);
        return Vec::new();
    };
    let texts: Vec<(&str, &Node)> = match &entry.value.value {
        Value::Scalar(_) => {
            let Some(text) = entry.value.text().filter(|_| !entry.value.is_null()) else {
                sink.file
                    .error(entry.value, "\"email\" goes to nobody", help);
                return Vec::new();
            };
            text.split(',').map(|text| (text, entry.value)).collect()
        }
        Value::List(_) | Value::Map(_) => sink.file.texts(entry, help),
    };
    let texts = texts.iter().map(|(text, node)| (text.trim(), node));
    texts
        .filter(|(text, _)| !text.is_empty())
        .map(|(text, node)| {
            mailbox(sink, text, node);
            text.to_owned()
        })
        .collect()
}

fn mailbox(sink: &Sink<'_, '_>, text: &str, node: &Node) {
    if !is_mailbox(text) {
        let help = "write ops@example.com, or \"Operations <ops@example.com>\"";
        sink.file.error(node, "this is no mail address", help);
    }
}

fn is_mailbox(text: &str) -> bool {
    text.parse::<lettre::message::Mailbox>().is_ok()
}
