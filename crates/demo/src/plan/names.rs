//! Names as a Japanese city has them, in Japanese and English.

use std::borrow::Cow;

/// A name in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) ja: Cow<'static, str>,
    pub(crate) en: Cow<'static, str>,
}

impl Named {
    pub(crate) fn new(ja: impl Into<Cow<'static, str>>, en: impl Into<Cow<'static, str>>) -> Self {
        Self { ja: ja.into(), en: en.into() }
    }
}

/// The district of the station, and the one of the harbour.
pub(crate) const CENTRE: (&str, &str) = ("中央", "Chuo");
pub(crate) const HARBOUR: (&str, &str) = ("港町", "Minatomachi");

/// Districts, in the order in which they are given away.
const DISTRICTS: &[(&str, &str)] = &[
    ("汐見台", "Shiomidai"),
    ("青葉町", "Aobacho"),
    ("桜木", "Sakuragi"),
    ("松原町", "Matsubaracho"),
    ("千鳥町", "Chidoricho"),
    ("緑が丘", "Midorigaoka"),
    ("川端町", "Kawabatacho"),
    ("本町", "Honcho"),
    ("栄町", "Sakaecho"),
    ("朝日町", "Asahicho"),
    ("若葉台", "Wakabadai"),
    ("白砂", "Shirasuna"),
    ("浜田町", "Hamadacho"),
    ("磯辺", "Isobe"),
    ("潮風台", "Shiokazedai"),
    ("花園町", "Hanazonocho"),
    ("弥生町", "Yayoicho"),
    ("旭ヶ丘", "Asahigaoka"),
    ("清水台", "Shimizudai"),
    ("梅園", "Umezono"),
    ("楠町", "Kusunokicho"),
    ("椿町", "Tsubakicho"),
    ("藤見町", "Fujimicho"),
    ("鶴田", "Tsuruta"),
    ("高台", "Takadai"),
    ("大手町", "Otemachi"),
    ("宮前町", "Miyamaecho"),
    ("寺町", "Teramachi"),
    ("泉町", "Izumicho"),
    ("渚町", "Nagisacho"),
    ("月見台", "Tsukimidai"),
    ("星ヶ丘", "Hoshigaoka"),
    ("日の出町", "Hinodecho"),
    ("夕凪町", "Yunagicho"),
    ("常盤町", "Tokiwacho"),
    ("錦町", "Nishikicho"),
    ("末広町", "Suehirocho"),
    ("柳町", "Yanagicho"),
    ("萩原", "Hagiwara"),
    ("芦原町", "Ashiharacho"),
    ("稲荷町", "Inaricho"),
    ("福寿町", "Fukujucho"),
    ("光が丘", "Hikarigaoka"),
    ("希望が丘", "Kibogaoka"),
    ("百合ヶ丘", "Yurigaoka"),
    ("三日月町", "Mikazukicho"),
    ("波止場", "Hatoba"),
    ("貝塚町", "Kaizukacho"),
];

/// What stands before the name of a district that was divided.
const DIVISIONS: &[(&str, &str)] =
    &[("東", "Higashi"), ("西", "Nishi"), ("南", "Minami"), ("北", "Kita"), ("上", "Kami"), ("新", "Shin")];

const SURNAMES: &[(&str, &str)] = &[
    ("佐藤", "Sato"),
    ("鈴木", "Suzuki"),
    ("高橋", "Takahashi"),
    ("田中", "Tanaka"),
    ("伊藤", "Ito"),
    ("渡辺", "Watanabe"),
    ("山本", "Yamamoto"),
    ("中村", "Nakamura"),
    ("小林", "Kobayashi"),
    ("加藤", "Kato"),
    ("吉田", "Yoshida"),
    ("山田", "Yamada"),
    ("松本", "Matsumoto"),
    ("井上", "Inoue"),
    ("木村", "Kimura"),
    ("清水", "Shimizu"),
];

const SHOPS: &[(&str, &str)] = &[
    ("スーパーマーケット", "Supermarket"),
    ("薬局", "Pharmacy"),
    ("ベーカリー", "Bakery"),
    ("書店", "Bookshop"),
    ("喫茶店", "Coffee House"),
    ("食堂", "Diner"),
    ("美容室", "Hair Salon"),
    ("鮮魚店", "Fishmonger"),
    ("生花店", "Florist"),
    ("文具店", "Stationer"),
    ("青果店", "Greengrocer"),
    ("酒店", "Liquor Shop"),
];

const APARTMENTS: &[(&str, &str)] = &[
    ("メゾン", "Maison"),
    ("コーポ", "Corpo"),
    ("ハイツ", "Heights"),
    ("グランデ", "Grande"),
    ("サンコート", "Sun Court"),
];

const WORKS: &[(&str, &str)] =
    &[("水産", "Fisheries"), ("倉庫", "Warehouse"), ("製作所", "Works"), ("造船", "Shipyard"), ("運輸", "Transport")];

const PARKS: &[(&str, &str)] = &[
    ("中央公園", "Central Park"),
    ("児童公園", "Children's Park"),
    ("緑地", "Green"),
    ("ふれあい公園", "Fureai Park"),
    ("桜公園", "Cherry Tree Park"),
];

/// The name of the `number`th district, counted from 0.
pub(crate) fn district(number: usize) -> Named {
    let Some((ja, en)) = DISTRICTS.get(number) else {
        let beyond = number - DISTRICTS.len();
        let (before, romaji) = DIVISIONS[beyond / DISTRICTS.len() % DIVISIONS.len()];
        let (ja, en) = DISTRICTS[beyond % DISTRICTS.len()];
        return Named::new(format!("{before}{ja}"), format!("{romaji}-{en}"));
    };
    Named::new(*ja, *en)
}

/// A name as ids and scopes have it.
pub(crate) fn slug(named: &Named) -> String {
    named.en.chars().filter(|c| *c != '-').collect::<String>().to_lowercase()
}

/// What a kind of name is drawn from.
pub(crate) fn surname(draw: impl Fn(usize) -> usize) -> (&'static str, &'static str) {
    SURNAMES[draw(SURNAMES.len())]
}

pub(crate) fn shop(draw: impl Fn(usize) -> usize) -> (&'static str, &'static str) {
    SHOPS[draw(SHOPS.len())]
}

pub(crate) fn apartments(draw: impl Fn(usize) -> usize) -> (&'static str, &'static str) {
    APARTMENTS[draw(APARTMENTS.len())]
}

pub(crate) fn works(draw: impl Fn(usize) -> usize) -> (&'static str, &'static str) {
    WORKS[draw(WORKS.len())]
}

pub(crate) fn park(number: usize) -> (&'static str, &'static str) {
    PARKS[number % PARKS.len()]
}

/// A number below a hundred as Japanese writes it in names.
pub(crate) fn kanji(number: usize) -> String {
    const DIGITS: [&str; 10] = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let tens = match number / 10 % 10 {
        0 => String::new(),
        1 => "十".to_owned(),
        more => format!("{}十", DIGITS[more]),
    };
    format!("{tens}{}", DIGITS[number % 10])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_districts_have_one_name() {
        let names: BTreeSet<String> = (0..200).map(|number| slug(&district(number))).collect();
        assert_eq!(names.len(), 200);
        // ETSI GS CIM 009 §4.18: a hyphen has no place in a scope.
        assert!(names.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_lowercase())));
    }

    #[test]
    fn numbers_are_written_in_kanji() {
        assert_eq!([1, 10, 14, 20, 32].map(kanji), ["一", "十", "十四", "二十", "三十二"]);
    }
}
