//! The OpenAPI document as tests walk it.

use reqwest::Method;
use serde_json::{Map, Value};

const PREFIX: &str = "/api/v1";
const TENANT_HEADER: &str = "X-Tenant-ID";

/// One operation of the document.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `GET /projects/{id}`: without `/api/v1`.
    pub name: String,
    pub method: Method,
    /// The whole path, with its parameters in braces.
    pub path: String,
    pub about: Value,
}

/// The document.
pub fn document() -> Value {
    serde_json::from_str(&tenantry::api::openapi_json::<tenantry::api::Endpoints>()).unwrap()
}

/// All its operations.
pub fn operations() -> Vec<Operation> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().unwrap().iter();
        methods.map(move |(method, about)| Operation::new(path, method, about))
    });
    operations.collect()
}

impl Operation {
    fn new(path: &str, method: &str, about: &Value) -> Self {
        let method = method.to_uppercase();
        let short = path.strip_prefix(PREFIX).unwrap_or(path);
        Self {
            name: format!("{method} {short}"),
            method: method.parse().unwrap(),
            path: path.to_owned(),
            about: about.clone(),
        }
    }

    pub fn responses(&self) -> &Map<String, Value> {
        self.about["responses"].as_object().unwrap()
    }

    /// The codes that the document names for this status.
    pub fn codes(&self, status: &str) -> Vec<&str> {
        let words = self.about["responses"][status]["description"].as_str();
        // Every second piece stands between backticks.
        words
            .unwrap_or_default()
            .split('`')
            .skip(1)
            .step_by(2)
            .collect()
    }

    /// The document says that the operation may fail so.
    #[track_caller]
    pub fn expect_names(&self, status: u16, code: &str) {
        let named = self.codes(&status.to_string());
        let name = &self.name;
        assert!(
            named.contains(&code),
            "{name} {status}: {named:?}, not {code}"
        );
    }

    pub fn needs_credential(&self) -> bool {
        self.about["security"]
            .as_array()
            .is_some_and(|schemes| !schemes.is_empty())
    }

    /// Whether it is for a tenant, which the header can name.
    pub fn has_tenant(&self) -> bool {
        self.parameters("header")
            .any(|parameter| parameter["name"] == TENANT_HEADER)
    }

    /// One of the platform's own, which need no tenant to be named.
    pub fn is_platform(&self) -> bool {
        ["/api/v1/tenants", "/api/v1/operations", "/api/v1/admin"]
            .iter()
            .any(|own| self.path.starts_with(own))
    }

    pub fn has_body(&self) -> bool {
        self.about["requestBody"].is_object()
    }

    pub fn has_id(&self) -> bool {
        self.path.contains("{id}") || self.path.contains("{role}")
    }

    /// The parameters in this place: `query`, `header` or `path`.
    pub fn parameters(&self, place: &'static str) -> impl Iterator<Item = &Value> {
        let parameters = self.about["parameters"].as_array().into_iter().flatten();
        parameters.filter(move |parameter| parameter["in"] == place)
    }

    /// The path of this object; `id` is a name where the object has no other.
    pub fn path_of(&self, id: &str) -> String {
        let path = self.path.replace("{id}", id);
        let path = path.replace("{sid}", id).replace("{role}", id);
        path.replace("{permission}", "projects:write")
    }
}
