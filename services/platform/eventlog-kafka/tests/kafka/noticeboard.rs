//! Notices.

use crate::support::{PATIENCE, block_on, fresh, open};
use anyhow::{Context, ensure};
use bytes::Bytes;
use stack::Trials;
use std::time::Duration;

pub fn collect(trials: &mut Trials) {
    trials.test("a_notice_reaches_every_follower_in_order", || {
        let log = fresh(&stack::kafka().bootstrap());
        let other = open(log.settings());
        block_on(async {
            let board = log.noticeboard();
            board.post("before anybody followed".into()).await;
            let mut followers = [board.follow(), other.noticeboard().follow()];
            // A follower hears from about now on: it is there when it hears the first.
            for follower in &mut followers {
                loop {
                    board.post("is anybody there?".into()).await;
                    let heard = tokio::time::timeout(Duration::from_millis(200), follower.recv());
                    if let Ok(heard) = heard.await {
                        ensure!(heard == Some("is anybody there?".into()));
                        break;
                    }
                }
            }
            for n in 0..20 {
                board.post(format!("notice {n}").into()).await;
            }
            for follower in &mut followers {
                let mut heard = Vec::new();
                while heard.len() < 20 {
                    let notice = tokio::time::timeout(PATIENCE, follower.recv()).await?;
                    let notice = notice.context("the follower ended")?;
                    if notice.starts_with(b"notice") {
                        heard.push(notice);
                    }
                }
                let posted = (0..20).map(|n| Bytes::from(format!("notice {n}")));
                ensure!(heard.into_iter().eq(posted));
            }
            Ok(())
        })
    });
}
