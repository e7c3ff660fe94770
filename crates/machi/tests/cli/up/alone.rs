//! What the small city takes of memory, from its first start on; measured while nothing else runs.

use super::{Opened, paste};

/// What opening and serving the small city may take of memory, in bytes.
const SMALL_CITY: u64 = 512 << 20;
const TYPES: [&str; 6] = ["Streetlight", "Building", "Room", "Device", "Vehicle", "ParkingSpot"];
const TILES: [&str; 4] = ["0/0/0", "8/225/102", "12/3612/1632", "14/14449/6528"];

#[test]
fn the_small_city_is_served_within_512_megabytes() {
    let folder = tempfile::tempdir().unwrap();
    let mut city = Opened::open(&folder.path().join("city"), &[], "C");
    city.read_until("The city moves");
    let (file, api) = (folder.path().join("answer").display().to_string(), format!("{}/ngsi-ld/v1", city.url()));
    // What maps, tables and clients ask for: everything of a type by pages, tiles from afar and near, and changes.
    for _ in 0..5 {
        for kind in TYPES {
            let page = format!("curl '{api}/entities?type={kind}&limit=1000' -o {file}");
            assert_eq!(paste(&page), " 200", "{kind}");
            for tile in TILES {
                let tile = format!("curl '{}/machi/v1/tiles/{kind}/{tile}?attrs=name' -o {file}", city.url());
                assert_eq!(paste(&tile), " 200", "{kind}");
            }
        }
        let lights = format!("curl '{api}/entities?type=Streetlight&limit=1000&pick=id,type,powerState' -o {file}");
        assert_eq!(paste(&lights), " 200");
        let change = format!("curl {api}/entityOperations/update -H 'Content-Type: application/json' -d @{file}");
        assert_eq!(paste(&change), " 204");
    }
    let most = city.most_memory();
    println!("the small city took {} MB at most", most >> 20);
    assert!(most < SMALL_CITY, "{most}");
    city.end();
}
