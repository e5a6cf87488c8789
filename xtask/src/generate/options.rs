//! What a contract says of its methods: the options of `heliograph/rpc/v1/options.proto`.

use std::collections::HashMap;

use anyhow::{Context as _, Result, bail, ensure};
use protox::prost_reflect::{DescriptorPool, Kind, MessageDescriptor, MethodDescriptor, Value};

const IDEMPOTENT: &str = "heliograph.rpc.v1.idempotent";
const ROUTING_KEY: &str = "heliograph.rpc.v1.routing_key";
const SCOPES: &str = "heliograph.rpc.v1.scopes";

/// What a method says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MethodOptions {
    pub(super) is_idempotent: bool,
    pub(super) routing_key: Option<String>,
    pub(super) scopes: Vec<String>,
}

/// The options of every method of every contract, by the method's path:
/// "/heliograph.graph.v1.Graph/Follow".
pub(super) type Options = HashMap<String, MethodOptions>;

/// Reads them, and refuses a method that does not say whether it is idempotent or names a field
/// that is not there.
pub(super) fn read(pool: &DescriptorPool) -> Result<Options> {
    let mut all = Options::new();
    for service in pool.services() {
        for method in service.methods() {
            let path = format!("/{}/{}", service.full_name(), method.name());
            let options = of_method(pool, &method).with_context(|| format!("the method {path}"))?;
            all.insert(path, options);
        }
    }
    Ok(all)
}

fn of_method(pool: &DescriptorPool, method: &MethodDescriptor) -> Result<MethodOptions> {
    ensure!(
        !(method.is_client_streaming() && method.is_server_streaming()),
        "streams both ways, which the transport does not know"
    );
    // Without a default: what is repeated by mistake happens twice, so the author has to say.
    let Some(Value::Bool(is_idempotent)) = option(pool, method, IDEMPOTENT)? else {
        bail!(
            "does not say whether it may be repeated; write `option ({IDEMPOTENT}) = true;` or `false` into it"
        );
    };
    let routing_key = match option(pool, method, ROUTING_KEY)? {
        Some(Value::String(path)) => {
            require_key(&method.input(), &path)?;
            Some(path)
        }
        _ => None,
    };
    let scopes = match option(pool, method, SCOPES)? {
        Some(Value::List(scopes)) => scopes.iter().map(scope).collect::<Result<_>>()?,
        _ => Vec::new(),
    };
    Ok(MethodOptions {
        is_idempotent,
        routing_key,
        scopes,
    })
}

fn option(pool: &DescriptorPool, method: &MethodDescriptor, name: &str) -> Result<Option<Value>> {
    let extension = pool.get_extension_by_name(name);
    let extension = extension.with_context(|| {
        format!("`{name}` is not known: import \"heliograph/rpc/v1/options.proto\"")
    })?;
    let options = method.options();
    let is_set = options.has_extension(&extension);
    Ok(is_set.then(|| options.get_extension(&extension).into_owned()))
}

/// The name of a scope: words of lower case with colons between.
fn scope(value: &Value) -> Result<String> {
    let name = value.as_str().unwrap_or_default();
    let is_word = |word: &str| {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        !word.is_empty() && word.bytes().all(fits)
    };
    ensure!(
        name.split(':').all(is_word),
        "its scope `{name}` is no name of a scope"
    );
    Ok(name.to_owned())
}

/// A key is an id or a text; several of them where each goes to a shard of its own.
fn require_key(request: &MessageDescriptor, path: &str) -> Result<()> {
    let mut message = Some(request.clone());
    let mut kind = None;
    for name in path.split('.') {
        let field = message
            .as_ref()
            .and_then(|message| message.get_field_by_name(name));
        let field = field.with_context(|| {
            format!(
                "its routing key `{path}` is no field of {}",
                request.full_name()
            )
        })?;
        kind = Some(field.kind());
        message = field.kind().as_message().cloned();
    }
    ensure!(
        matches!(kind, Some(Kind::Fixed64 | Kind::String)),
        "its routing key `{path}` is neither an id (fixed64) nor a text"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// The options of a contract with one method.
    fn of(options: &str) -> Result<MethodOptions> {
        let folder = tempfile::tempdir()?;
        let contract = format!(
            "syntax = \"proto3\"; package test; import \"heliograph/rpc/v1/options.proto\";
            message Inner {{ fixed64 id = 1; bool flag = 2; }}
            message Request {{ fixed64 id = 1; repeated fixed64 ids = 2; Inner inner = 3; }}
            service Test {{ rpc Call(Request) returns (Request) {{ {options} }} }}"
        );
        std::fs::write(folder.path().join("test.proto"), contract)?;
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut compiler =
            protox::Compiler::new([folder.path(), &root.join(super::super::SHARED)])?;
        compiler.include_imports(true).open_files(["test.proto"])?;
        let mut options = read(&compiler.descriptor_pool())?;
        options.remove("/test.Test/Call").context("the method")
    }

    #[test]
    fn a_method_has_to_say_whether_it_may_be_repeated() {
        let error = format!("{:#}", of("").unwrap_err());
        assert!(
            error.contains("/test.Test/Call") && error.contains("idempotent"),
            "{error}"
        );
        for is_idempotent in [true, false] {
            let options = of(&format!("option ({IDEMPOTENT}) = {is_idempotent};")).unwrap();
            assert_eq!(
                (options.is_idempotent, options.routing_key),
                (is_idempotent, None)
            );
        }
    }

    #[test]
    fn scopes_are_names_in_the_order_of_the_contract() {
        let with = |scope: &str| {
            of(&format!(
                "option ({IDEMPOTENT}) = true; option ({SCOPES}) = \"write:media\"; \
                 option ({SCOPES}) = \"{scope}\";"
            ))
        };
        assert_eq!(with("follow").unwrap().scopes, ["write:media", "follow"]);
        for wrong in ["", "Write", "write:", "write media"] {
            let error = format!("{:#}", with(wrong).unwrap_err());
            assert!(error.contains("no name of a scope"), "{error}");
        }
    }

    #[test]
    fn a_routing_key_is_a_field_of_the_request() {
        let with = |key: &str| {
            of(&format!(
                "option ({IDEMPOTENT}) = true; option ({ROUTING_KEY}) = \"{key}\";"
            ))
        };
        for key in ["id", "ids", "inner.id"] {
            assert_eq!(with(key).unwrap().routing_key.as_deref(), Some(key));
        }
        for wrong in ["owner_id", "inner", "inner.flag", "id.id", "inner.owner_id"] {
            let error = format!("{:#}", with(wrong).unwrap_err());
            assert!(error.contains(wrong), "{error}");
        }
    }
}
