//! Who plays in simulated matches. Invented names.

use super::random::Random;

const TEAMS: [&str; 24] = [
    "Ashford Rovers",
    "Brackwell Town",
    "Calder United",
    "Dunmore Athletic",
    "Eastmere City",
    "Fenwick Wanderers",
    "Garston Albion",
    "Harrow Vale",
    "Inchcape Thistle",
    "Kirkdale Rangers",
    "Langley Harriers",
    "Marsh End",
    "Northgate Celtic",
    "Oakhurst County",
    "Penrose Park",
    "Quarry Bank",
    "Redmoor Victoria",
    "Saltburn Mariners",
    "Thornbury Swifts",
    "Upton Borough",
    "Verney Foresters",
    "Westlake Orient",
    "Yarrow Academicals",
    "Zelby Dynamo",
];

/// Two different teams.
pub(super) fn pair(random: &mut Random) -> (String, String) {
    let home = random.below(TEAMS.len());
    let others = TEAMS.iter().enumerate().filter(|(place, _)| *place != home);
    let away = random.below(TEAMS.len().saturating_sub(1));
    let name = |team: Option<&&str>| team.map_or_else(String::new, |team| (*team).to_owned());
    (
        name(TEAMS.get(home)),
        name(others.map(|(_, team)| team).nth(away).as_ref().copied()),
    )
}
