//! Two tenants who take turns on the only connection of the pool, all at once: every answer is their own.

use tenantry::testkit::Actor;

use super::fixture::{Mode, Two, projects, session_mode, transaction_mode, without_fence};

const CLIENTS: usize = 8;
const REQUESTS: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn tenants_taking_turns_on_one_connection_see_their_own_rows() {
    take_turns(session_mode).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_taking_turns_on_one_connection_see_their_own_rows_in_transaction_mode() {
    take_turns(transaction_mode).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_taking_turns_on_one_connection_see_their_own_rows_without_the_fence() {
    take_turns(without_fence).await;
}

async fn take_turns(mode: Mode) {
    let two = Two::new(mode).await;
    let sides = [
        Side::of(&two.ann, &two.ben, "ann").await,
        Side::of(&two.ben, &two.ann, "ben").await,
    ];
    let clients = (0..CLIENTS).map(|client| {
        let sides = sides.clone();
        tokio::spawn(async move {
            for turn in 0..REQUESTS {
                sides[(client + turn) % 2].check(turn).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
}

#[derive(Clone)]
struct Side {
    actor: Actor,
    name: &'static str,
    own: String,
    others: String,
}

impl Side {
    async fn of(actor: &Actor, other: &Actor, name: &'static str) -> Self {
        Self {
            actor: actor.clone(),
            name,
            own: only_project(actor).await,
            others: only_project(other).await,
        }
    }

    async fn check(&self, turn: usize) {
        match turn % 3 {
            0 => assert_eq!(projects(&self.actor).await, [self.name]),
            1 => {
                let found = self.actor.get(&self.own).await.expect(200);
                assert_eq!(found["name"], self.name);
            }
            _ => {
                let answer = self.actor.get(&self.others).await;
                answer.expect_problem(404, "not_found");
            }
        }
    }
}

async fn only_project(actor: &Actor) -> String {
    let page = actor.get("/projects").await.expect(200);
    format!("/projects/{}", page["data"][0]["id"].as_str().unwrap())
}
