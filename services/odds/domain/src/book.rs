//! The prices of a market: what its source told, and the book that is published of it.
//!
//! Duty: order prices by the market's selections, let a book lean, and publish it with all that
//! explains it as the next version. Prohibition: nothing is stopped here, and a price that cannot
//! be explained is not published.

use crate::command::SelectionPrice;
use crate::event::Event;
use crate::explain::{Explanation, Lean, LeanRules, ModelOpinion, SelectionExposure};
use crate::market::{Market, Said};
use crate::rejection::Rejection;
use kernel::{Price, SelectionId};
use std::collections::{BTreeMap, BTreeSet};

impl Market {
    /// All prices in the order of the selections; who is not named, or was withdrawn, has none.
    ///
    /// # Errors
    /// A selection of another market.
    pub(crate) fn book(&self, prices: &[SelectionPrice]) -> Result<Vec<SelectionPrice>, Rejection> {
        // Ordered once: a market may have thousands of selections, and walking through all of
        // them for each would hold up the other markets of the partition.
        let mut told: BTreeMap<SelectionId, Option<Price>> = BTreeMap::new();
        for priced in prices {
            told.entry(priced.selection).or_insert(priced.price);
        }
        let price_of = |&selection: &SelectionId| SelectionPrice {
            selection,
            price: told
                .remove(&selection)
                .filter(|_| !self.withdrawn.contains(&selection))
                .flatten(),
        };
        let book = self.selections.iter().map(price_of).collect();
        let stranger = prices
            .iter()
            .find(|priced| told.contains_key(&priced.selection));
        match stranger {
            Some(priced) => Err(Rejection::SelectionUnknown(priced.selection)),
            None => Ok(book),
        }
    }

    /// The last book of the source, before it leant.
    pub(crate) fn told(&self) -> Vec<SelectionPrice> {
        match &self.origin {
            Some(origin) if origin.explanation.lean.is_some() => {
                origin.explanation.unleaning.clone()
            }
            Some(_) | None => self
                .selections
                .iter()
                .zip(&self.prices)
                .map(|(&selection, &price)| SelectionPrice { selection, price })
                .collect(),
        }
    }

    /// Whether the source told these prices already.
    pub(crate) fn has_been_told(&self, book: &[SelectionPrice]) -> bool {
        self.told() == book
    }

    /// How the last book leans.
    pub(crate) fn lean(&self) -> Option<&Lean> {
        self.origin.as_ref()?.explanation.lean.as_ref()
    }

    /// A book with all that explains it, as the next version.
    pub(crate) fn publish(
        &self,
        book: Vec<SelectionPrice>,
        said: Said<'_>,
        model: Option<ModelOpinion>,
        lean: Option<Lean>,
    ) -> Vec<Event> {
        let (prices, unleaning) = match &lean {
            Some(lean) => (lean.of(&book), book),
            None => (book, Vec::new()),
        };
        let version = self.version_after(1);
        let published = Event::BookPublished {
            market: self.market,
            version,
            prices,
            source: said.source.to_owned(),
            source_sequence: said.sequence,
            published_at: said.at,
        };
        let explanation = Explanation {
            model,
            lean,
            unleaning,
        };
        let explained = (!explanation.is_empty()).then_some(Event::BookExplained {
            market: self.market,
            version,
            explanation,
        });
        [published].into_iter().chain(explained).collect()
    }

    /// The desk says what each selection would cost. The same again changes nothing, nor does it
    /// before there are prices.
    pub(crate) fn lean_against(
        &self,
        exposures: &[SelectionExposure],
        by: &str,
    ) -> Result<Vec<Event>, Rejection> {
        if !self.is_live() {
            return Err(self.not_in_state());
        }
        let known: BTreeSet<SelectionId> = self.selections.iter().copied().collect();
        let stranger = exposures
            .iter()
            .find(|exposure| !known.contains(&exposure.selection));
        if let Some(exposure) = stranger {
            return Err(Rejection::SelectionUnknown(exposure.selection));
        }
        let Some(origin) = &self.origin else {
            return Ok(Vec::new());
        };
        let lean = (!exposures.is_empty()).then(|| Lean {
            rules: LeanRules::PRESENT,
            limit_minor: self.budgets.terms.exposure_max.minor().max(1),
            exposures: exposures.to_vec(),
            by: by.to_owned(),
        });
        if lean.as_ref() == self.lean() {
            return Ok(Vec::new());
        }
        let said = Said {
            source: &self.source,
            sequence: origin.source_sequence,
            at: origin.published_at,
        };
        let model = origin.explanation.model.clone();
        Ok(self.publish(self.told(), said, model, lean))
    }
}
