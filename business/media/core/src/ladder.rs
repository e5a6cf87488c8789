//! The sizes and qualities that pictures are served in, as an operator sets them.

use business_media_codec::{Ladder, Step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The largest side that a step may have, in pixels: what JPEG and WebP files of every viewer end
/// at.
const SIDE_MAX: u32 = 16_383;

/// The sizes that pictures are served in. What was uploaded before a change keeps the renditions it
/// has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LadderSettings {
    /// For profile pages and lists.
    pub grid: StepSettings,
    /// For a column.
    pub feed: StepSettings,
    /// For the whole screen.
    pub full: StepSettings,
}

/// A step of the ladder: the longest side of a rendition, and the qualities of its encodings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepSettings {
    /// The longest side, in pixels; a smaller picture is never made larger.
    pub side_max: u32,
    /// Quality of the JPEG, 1 to 100.
    pub quality: u8,
    /// Quality of the WebP beside it, 1 to 100 on the scale of libwebp, where the same number looks
    /// worse than in JPEG.
    pub webp_quality: u8,
    /// Quality of the AVIF beside it, 1 to 100 on the scale of libheif.
    pub avif_quality: u8,
}

impl Default for LadderSettings {
    fn default() -> Self {
        let ladder = Ladder::default();
        let named = |name: &str| {
            let step = ladder.steps().iter().find(|step| step.name == name);
            step.map_or_else(StepSettings::default, StepSettings::of)
        };
        Self {
            grid: named("grid"),
            feed: named("feed"),
            full: named("full"),
        }
    }
}

impl Default for StepSettings {
    fn default() -> Self {
        Self {
            side_max: 1_080,
            quality: 82,
            webp_quality: 85,
            avif_quality: 66,
        }
    }
}

impl StepSettings {
    fn of(step: &Step) -> Self {
        Self {
            side_max: step.side_max,
            quality: step.quality,
            webp_quality: step.webp_quality,
            avif_quality: step.avif_quality,
        }
    }

    const fn step(self, name: &'static str) -> Step {
        Step {
            name,
            side_max: self.side_max,
            quality: self.quality,
            webp_quality: self.webp_quality,
            avif_quality: self.avif_quality,
        }
    }
}

impl LadderSettings {
    pub(crate) fn ladder(&self) -> Ladder {
        Ladder::new(vec![
            self.grid.step("grid"),
            self.feed.step("feed"),
            self.full.step("full"),
        ])
    }

    /// What is wrong with it, by the setting below `ladder`; nothing when it can be used.
    pub(crate) fn problem(&self) -> Option<(&'static str, String)> {
        let [grid, feed, full] = [&self.grid, &self.feed, &self.full];
        let qualities = [
            ("grid.quality", grid.quality),
            ("grid.webp_quality", grid.webp_quality),
            ("grid.avif_quality", grid.avif_quality),
            ("feed.quality", feed.quality),
            ("feed.webp_quality", feed.webp_quality),
            ("feed.avif_quality", feed.avif_quality),
            ("full.quality", full.quality),
            ("full.webp_quality", full.webp_quality),
            ("full.avif_quality", full.avif_quality),
        ];
        if let Some((setting, quality)) = qualities
            .into_iter()
            .find(|(_, quality)| !(1..=100).contains(quality))
        {
            return Some((setting, format!("{quality} is not a quality from 1 to 100")));
        }
        // Only the smallest: that each further step is larger is checked below.
        if grid.side_max == 0 {
            return Some(("grid.side_max", "a side of no pixels".to_owned()));
        }
        let ascending = [
            (
                "feed.side_max",
                feed.side_max,
                "grid.side_max",
                grid.side_max,
            ),
            (
                "full.side_max",
                full.side_max,
                "feed.side_max",
                feed.side_max,
            ),
        ];
        for (setting, side, smaller, smaller_side) in ascending {
            if side <= smaller_side {
                let problem =
                    format!("{side} must be more than {smaller}, which is {smaller_side}");
                return Some((setting, problem));
            }
        }
        // Only the largest: the others are smaller.
        (full.side_max > SIDE_MAX).then(|| {
            let problem = format!(
                "{} is more than {SIDE_MAX}, the most a rendition may have",
                full.side_max
            );
            ("full.side_max", problem)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(change: impl FnOnce(&mut LadderSettings)) -> Option<(&'static str, String)> {
        let mut settings = LadderSettings::default();
        change(&mut settings);
        settings.problem()
    }

    #[test]
    fn what_makes_no_ladder_is_named() {
        assert_eq!(changed(|_| ()), None);
        let setting = |problem: Option<(&'static str, String)>| problem.map(|(setting, _)| setting);
        assert_eq!(
            setting(changed(|ladder| ladder.grid.quality = 0)),
            Some("grid.quality")
        );
        assert_eq!(
            setting(changed(|ladder| ladder.full.avif_quality = 101)),
            Some("full.avif_quality")
        );
        assert_eq!(
            setting(changed(|ladder| ladder.grid.side_max = 0)),
            Some("grid.side_max")
        );
        assert_eq!(
            setting(changed(|ladder| ladder.feed.side_max = 400)),
            Some("feed.side_max")
        );
        assert_eq!(
            setting(changed(|ladder| ladder.full.side_max = 16_384)),
            Some("full.side_max")
        );
        let (_, problem) = changed(|ladder| ladder.feed.side_max = 3_000).unwrap_or_default();
        assert_eq!(
            problem,
            "2048 must be more than feed.side_max, which is 3000"
        );
    }

    #[test]
    fn the_steps_are_the_settings() {
        assert_eq!(LadderSettings::default().ladder(), Ladder::default());
        let settings = LadderSettings {
            feed: StepSettings {
                side_max: 900,
                quality: 71,
                webp_quality: 72,
                avif_quality: 73,
            },
            ..LadderSettings::default()
        };
        let ladder = settings.ladder();
        let feed = ladder.steps().iter().find(|step| step.name == "feed");
        assert_eq!(feed.map(StepSettings::of), Some(settings.feed));
    }
}
