//! The server of a soak, its tenants, and processes beside it.

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Instant;

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::{Value, json};
use tenantry::testkit::Answer;

use super::tally::Tally;
use super::tenant::{self, Session, Tenant};
use crate::program::{PASSWORD, Program, Ran, Server};

const OPERATOR: &str = "operator@example.com";
/// The flag that every tenant has; its value is the tenant's marker.
pub const FLAG: &str = "soak";

/// See the module.
pub struct World {
    pub server: Server,
    pub tally: Tally,
    pub over: AtomicBool,
    program: Arc<Program>,
    pub operator: String,
    tenants: RwLock<Vec<Arc<Tenant>>>,
    made: AtomicUsize,
    came: AtomicUsize,
}

impl World {
    pub async fn new(program: Program, tenants: usize) -> Arc<Self> {
        let operator =
            format!("user create {OPERATOR} --tenant platform --role super_admin --password-stdin");
        program.run_with_password(&operator).expect(0);
        let server = program.serve().ready().await;
        let operator = server.token("platform", OPERATOR).await;
        let world = Self {
            server,
            tally: Tally::default(),
            over: AtomicBool::new(false),
            program: Arc::new(program),
            operator,
            tenants: RwLock::default(),
            made: AtomicUsize::new(0),
            came: AtomicUsize::new(0),
        };
        let made = stream::iter(0..tenants).map(|_| world.create());
        made.buffer_unordered(4).for_each(async |_| {}).await;
        Arc::new(world)
    }

    /// A command line for a process of its own.
    pub fn command(&self, line: &str) -> Command {
        self.program.command(line)
    }

    /// Runs such a process to its end, with more in its environment. What it printed, if its exit code is one of those that are expected.
    pub async fn run(
        &self,
        kind: &'static str,
        line: &str,
        environment: &[(&str, &str)],
        expected: &[i32],
    ) -> Option<Ran> {
        let mut command = self.command(line);
        command.envs(environment.iter().copied());
        let ran = tokio::task::spawn_blocking(move || Ran::of(&mut command));
        let ran = ran.await.unwrap();
        let code = ran.code.unwrap_or(-1);
        self.tally.count(kind, &format!("exit {code}"));
        if expected.contains(&code) {
            return Some(ran);
        }
        let fault = format!("{line}: exit {code}: {}{}", ran.out, ran.err);
        self.tally.fault(fault);
        None
    }

    /// Makes the next tenant, with its landmarks.
    pub async fn create(&self) -> Option<()> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let marker = tenant::marker(number);
        let body = json!({
            "slug": tenant::slug(number),
            "name": marker,
            "admin": { "email": tenant::email(number), "name": marker, "password": PASSWORD },
        });
        let made = self.operate("make tenant", Method::POST, "/tenants", &body, 201);
        let id = made.await?["id"].as_str()?.to_owned();
        let since = Instant::now();
        let token = self.server.token(&id, &tenant::email(number)).await;
        let put = async |path: &str, body: Value| {
            let request = self.server.request(Method::POST, path).bearer_auth(&token);
            let request = request.header("X-Tenant-ID", &id).json(&body);
            Answer::of(request).await.expect(201)
        };
        let description = marker.clone() + &".".repeat(9_000);
        let project = json!({ "name": format!("{marker} landmark"), "description": description });
        let project = put("/projects", project).await;
        let flag = json!({
            "key": FLAG,
            "type": "string",
            "enabled": true,
            "default_value": "",
            "enabled_value": marker,
        });
        put("/features", flag).await;
        let landmark = project["id"].as_str()?.to_owned();
        let session = Session { token, since };
        self.come(Tenant::new(number, id, landmark, session));
        Some(())
    }

    /// From now on there is traffic in this one, too.
    pub fn come(&self, tenant: Tenant) {
        self.came.fetch_add(1, Ordering::Relaxed);
        self.tenants.write().unwrap().push(Arc::new(tenant));
    }

    /// How many there were in all, the platform and those that are gone among them.
    pub fn ever(&self) -> usize {
        1 + self.came.load(Ordering::Relaxed)
    }

    pub fn tenants(&self) -> Vec<Arc<Tenant>> {
        self.tenants.read().unwrap().clone()
    }

    pub fn any(&self) -> Arc<Tenant> {
        let tenants = self.tenants.read().unwrap();
        Arc::clone(&tenants[fastrand::usize(..tenants.len())])
    }

    /// Nobody goes there any more.
    pub fn leave(&self, gone: &Tenant) {
        let mut tenants = self.tenants.write().unwrap();
        tenants.retain(|tenant| tenant.id != gone.id);
    }
}
