//! A model of a disk: for each file and folder what is durable for certain, and what was done since.
//!
//! A cut decides the fate of what was not synced, file by file and folder by folder: all lost, all there,
//! the first part of it there with the last write torn, or each sector and each name for itself.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::ops::Range;
use std::path::Path;

use crate::Dice;

/// The smallest part of a file that a disk writes whole.
const SECTORS: [usize; 2] = [512, 4096];
/// How often a sector that a file was extended over, but that was never written, holds what lay there before.
const JUNK_PERCENT: u64 = 10;

type NodeNo = usize;

#[derive(Debug)]
pub(super) struct Disk<'a> {
    log: &'a [u8],
    nodes: Vec<Node>,
    handles: HashMap<u64, NodeNo>,
    /// Syncs under way: what they sync, and up to which change.
    syncs: HashMap<u64, (NodeNo, usize)>,
    pub(super) synced_after_failure: Vec<String>,
}

#[derive(Debug)]
enum Node {
    File(File),
    Folder(Folder),
}

#[derive(Debug, Default)]
struct File {
    /// The path under which it was first seen.
    path: String,
    durable: Vec<u8>,
    pending: Pending<Touch>,
    has_failed_sync: bool,
}

#[derive(Debug, Default)]
struct Folder {
    durable: BTreeMap<String, NodeNo>,
    current: BTreeMap<String, NodeNo>,
    pending: Pending<NameChange>,
}

/// What was done since the last sync.
#[derive(Debug)]
struct Pending<T> {
    /// How many changes came before these.
    before: usize,
    changes: Vec<T>,
}

#[derive(Clone, Debug)]
enum Touch {
    Write { offset: usize, data: Range<usize> },
    Length(usize),
}

#[derive(Clone, Debug)]
enum NameChange {
    Put(String, NodeNo),
    Take(String),
    Move { from: String, to: String, node: NodeNo },
}

/// What becomes of changes that were not synced.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Lost,
    Kept,
    FirstPart,
    Scattered,
}

const FATES: [Fate; 5] = [Fate::Lost, Fate::Kept, Fate::FirstPart, Fate::Scattered, Fate::Scattered];
const ROOT: NodeNo = 0;

impl<T> Default for Pending<T> {
    fn default() -> Self {
        Self { before: 0, changes: Vec::new() }
    }
}

impl<T> Pending<T> {
    fn mark(&self) -> usize {
        self.before + self.changes.len()
    }

    fn take_upto(&mut self, mark: usize) -> Vec<T> {
        let count = mark.saturating_sub(self.before);
        self.before += count;
        self.changes.drain(..count).collect()
    }
}

impl<'a> Disk<'a> {
    fn empty(log: &'a [u8]) -> Self {
        let root = Node::Folder(Folder::default());
        let (handles, syncs) = (HashMap::new(), HashMap::new());
        Self { log, nodes: vec![root], handles, syncs, synced_after_failure: Vec::new() }
    }

    /// A disk on which everything below a folder is durable.
    pub(super) fn load(base: &Path, log: &'a [u8]) -> Self {
        let mut disk = Self::empty(log);
        disk.load_folder(base, ROOT);
        disk
    }

    fn load_folder(&mut self, path: &Path, folder: NodeNo) {
        for entry in fs::read_dir(path).expect("the base is a folder") {
            let entry = entry.expect("the base can be read");
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = entry.path();
            let node = if path.is_dir() {
                let node = self.add(Node::Folder(Folder::default()));
                self.load_folder(&path, node);
                node
            } else {
                let durable = fs::read(&path).expect("the base can be read");
                self.add(Node::File(File { path: name.clone(), durable, ..File::default() }))
            };
            let folder = self.folder(folder);
            folder.durable.insert(name.clone(), node);
            folder.current.insert(name, node);
        }
    }

    fn add(&mut self, node: Node) -> NodeNo {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn folder(&mut self, node: NodeNo) -> &mut Folder {
        match &mut self.nodes[node] {
            Node::Folder(folder) => folder,
            Node::File(file) => panic!("{} is a file, not a folder", file.path),
        }
    }

    fn file(&mut self, handle: u64) -> Option<&mut File> {
        match &mut self.nodes[*self.handles.get(&handle)?] {
            Node::File(file) => Some(file),
            Node::Folder(_) => None,
        }
    }

    fn find(&mut self, path: &str) -> Option<NodeNo> {
        let mut node = ROOT;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            node = *self.folder(node).current.get(name)?;
        }
        Some(node)
    }

    /// The folder that a path lies in, and the name there.
    fn place<'p>(&mut self, path: &'p str) -> (NodeNo, &'p str) {
        let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut folder = ROOT;
        for parent in parents.split('/').filter(|parent| !parent.is_empty()) {
            folder = match self.folder(folder).current.get(parent) {
                Some(known) => *known,
                // Only a recording that is read without its base names folders that nobody made.
                None => self.assume_folder(folder, parent),
            };
        }
        (folder, name)
    }

    fn assume_folder(&mut self, parent: NodeNo, name: &str) -> NodeNo {
        let node = self.add(Node::Folder(Folder::default()));
        let parent = self.folder(parent);
        parent.current.insert(name.to_owned(), node);
        parent.durable.insert(name.to_owned(), node);
        node
    }

    pub(super) fn open(&mut self, handle: u64, path: &str, is_new: bool) {
        let known = if is_new { None } else { self.find(path) };
        let node = known.unwrap_or_else(|| {
            let node = self.add(Node::File(File { path: path.to_owned(), ..File::default() }));
            // What was there before a recording without a base began is opened, not made.
            self.put(path, node);
            node
        });
        self.handles.insert(handle, node);
    }

    fn put(&mut self, path: &str, node: NodeNo) {
        if path.is_empty() {
            return;
        }
        let (folder, name) = self.place(path);
        let folder = self.folder(folder);
        folder.current.insert(name.to_owned(), node);
        folder.pending.changes.push(NameChange::Put(name.to_owned(), node));
    }

    pub(super) fn make_folder(&mut self, path: &str) {
        let node = self.add(Node::Folder(Folder::default()));
        if path.is_empty() {
            return;
        }
        self.put(path, node);
    }

    pub(super) fn write(&mut self, handle: u64, offset: u64, data: Range<usize>) {
        if let Some(file) = self.file(handle) {
            file.pending.changes.push(Touch::Write { offset: offset as usize, data });
        }
    }

    pub(super) fn cut_file(&mut self, handle: u64, length: u64) {
        if let Some(file) = self.file(handle) {
            file.pending.changes.push(Touch::Length(length as usize));
        }
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) {
        let Some(node) = self.find(from) else { return };
        let (source, from_name) = self.place(from);
        let (target, to_name) = self.place(to);
        self.folder(source).current.remove(from_name);
        self.folder(target).current.insert(to_name.to_owned(), node);
        if source == target {
            let change = NameChange::Move { from: from_name.to_owned(), to: to_name.to_owned(), node };
            self.folder(source).pending.changes.push(change);
        } else {
            self.folder(source).pending.changes.push(NameChange::Take(from_name.to_owned()));
            self.folder(target).pending.changes.push(NameChange::Put(to_name.to_owned(), node));
        }
    }

    pub(super) fn link(&mut self, from: &str, to: &str) {
        if let Some(node) = self.find(from) {
            self.put(to, node);
        }
    }

    pub(super) fn remove(&mut self, path: &str) {
        let (folder, name) = self.place(path);
        let folder = self.folder(folder);
        folder.current.remove(name);
        folder.pending.changes.push(NameChange::Take(name.to_owned()));
    }

    pub(super) fn begin_sync(&mut self, handle: u64, sync: u64) {
        let Some(node) = self.handles.get(&handle).copied() else { return };
        let mark = match &self.nodes[node] {
            Node::Folder(folder) => folder.pending.mark(),
            Node::File(file) => {
                if file.has_failed_sync {
                    self.synced_after_failure.push(file.path.clone());
                }
                file.pending.mark()
            }
        };
        self.syncs.insert(sync, (node, mark));
    }

    pub(super) fn end_sync(&mut self, sync: u64) {
        let Some((node, mark)) = self.syncs.remove(&sync) else { return };
        match &mut self.nodes[node] {
            Node::File(file) => {
                let synced = file.pending.take_upto(mark);
                synced.iter().for_each(|touch| touch.apply(&mut file.durable, self.log));
            }
            Node::Folder(folder) => {
                let synced = folder.pending.take_upto(mark);
                synced.iter().for_each(|change| change.apply(&mut folder.durable));
            }
        }
    }

    /// A sync of a file that fails drops what was to be written: some of it has reached the disk, and no later
    /// sync will bring the rest, as on Linux. The names in a folder stay to be synced.
    pub(super) fn fail_sync(&mut self, sync: u64, dice: &mut Dice) {
        let Some((node, mark)) = self.syncs.remove(&sync) else { return };
        if let Node::File(file) = &mut self.nodes[node] {
            file.has_failed_sync = true;
            let dropped = file.pending.take_upto(mark);
            file.durable = settle(&file.durable, &dropped, self.log, dice);
        }
    }

    /// Decides the fate of everything that was not synced, and writes what remains to a new folder.
    pub(super) fn cut(&self, dice: &mut Dice, image: &Path) {
        let mut contents = HashMap::new();
        self.cut_folder(ROOT, image, dice, &mut contents);
    }

    fn cut_folder(&self, node: NodeNo, path: &Path, dice: &mut Dice, contents: &mut HashMap<NodeNo, Vec<u8>>) {
        fs::create_dir_all(path).expect("the image's folder can be made");
        let Node::Folder(folder) = &self.nodes[node] else { return };
        for (name, node) in folder.after_cut(dice) {
            let path = path.join(name);
            match &self.nodes[node] {
                Node::Folder(_) => self.cut_folder(node, &path, dice, contents),
                Node::File(file) => {
                    // A file with two names has one content.
                    let content = contents
                        .entry(node)
                        .or_insert_with(|| settle(&file.durable, &file.pending.changes, self.log, dice));
                    fs::write(&path, content).expect("the image can be written");
                }
            }
        }
    }
}

impl Folder {
    fn after_cut(&self, dice: &mut Dice) -> BTreeMap<String, NodeNo> {
        let mut names = self.durable.clone();
        let fate = dice.pick(&FATES);
        let first_part = dice.below(self.pending.changes.len() as u64 + 1) as usize;
        for (index, change) in self.pending.changes.iter().enumerate() {
            let is_kept = match fate {
                Fate::Lost => false,
                Fate::Kept => true,
                Fate::FirstPart => index < first_part,
                Fate::Scattered => dice.chance(50),
            };
            if is_kept {
                change.apply(&mut names);
            }
        }
        names
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, NodeNo>) {
        match self {
            Self::Put(name, node) => {
                names.insert(name.clone(), *node);
            }
            Self::Take(name) => {
                names.remove(name);
            }
            Self::Move { from, to, node } => {
                names.remove(from);
                names.insert(to.clone(), *node);
            }
        }
    }
}

impl Touch {
    fn apply(&self, content: &mut Vec<u8>, log: &[u8]) {
        match self {
            Self::Length(length) => content.resize(*length, 0),
            Self::Write { offset, data } => {
                let end = offset + data.len();
                if content.len() < end {
                    content.resize(end, 0);
                }
                content[*offset..end].copy_from_slice(&log[data.clone()]);
            }
        }
    }

    /// The length of a file after this.
    fn length_after(&self, before: usize) -> usize {
        match self {
            Self::Length(length) => *length,
            Self::Write { offset, data } => before.max(offset + data.len()),
        }
    }

    /// The sectors that this changes, of a file of at most `length` bytes.
    fn sectors(&self, sector: usize, length: usize) -> Range<usize> {
        match self {
            Self::Length(from) => from / sector..length.div_ceil(sector),
            Self::Write { offset, data } => offset / sector..(offset + data.len()).div_ceil(sector),
        }
    }

    /// Applies what of this falls into one sector.
    fn apply_within(&self, within: Range<usize>, content: &mut [u8], log: &[u8]) {
        match self {
            Self::Length(length) => {
                let from = within.start.max(*length).min(within.end);
                content[from..within.end].fill(0);
            }
            Self::Write { offset, data } => {
                let (from, to) = (within.start.max(*offset), within.end.min(offset + data.len()));
                if from < to {
                    content[from..to].copy_from_slice(&log[data.start + (from - offset)..data.start + (to - offset)]);
                }
            }
        }
    }
}

/// One of the contents that a file can have after a cut.
fn settle(durable: &[u8], pending: &[Touch], log: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut content = durable.to_vec();
    if pending.is_empty() {
        return content;
    }
    let sector = dice.pick(&SECTORS);
    match dice.pick(&FATES) {
        Fate::Lost => {}
        Fate::Kept => pending.iter().for_each(|touch| touch.apply(&mut content, log)),
        Fate::FirstPart => {
            let count = dice.below(pending.len() as u64) as usize;
            pending[..count].iter().for_each(|touch| touch.apply(&mut content, log));
            tear(&pending[count], sector, dice).apply(&mut content, log);
        }
        Fate::Scattered => content = scatter(content, pending, sector, log, dice),
    }
    content
}

/// A write of which only the sectors in front have reached the disk.
fn tear(touch: &Touch, sector: usize, dice: &mut Dice) -> Touch {
    match touch {
        Touch::Length(length) => Touch::Length(*length),
        Touch::Write { offset, data } => {
            let torn = offset + dice.below(data.len() as u64 + 1) as usize;
            let end = (torn / sector * sector).max(*offset);
            Touch::Write { offset: *offset, data: data.start..data.start + (end - offset) }
        }
    }
}

/// Each sector on its own stops at one of the states that it went through, and so does the length.
fn scatter(mut content: Vec<u8>, pending: &[Touch], sector: usize, log: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut lengths = vec![content.len()];
    for touch in pending {
        lengths.push(touch.length_after(*lengths.last().expect("one was put in")));
    }
    let whole = lengths.iter().copied().max().unwrap_or(0).next_multiple_of(sector);
    let old_length = content.len();
    content.resize(whole, 0);
    let mut touched: Vec<usize> = vec![0; whole / sector];
    for touch in pending {
        touch.sectors(sector, whole).for_each(|number| touched[number] += 1);
    }
    let mut left: Vec<usize> = touched.iter().map(|count| dice.below(*count as u64 + 1) as usize).collect();
    for (number, stop) in left.iter().enumerate() {
        let is_fresh = number * sector >= old_length;
        if is_fresh && *stop == 0 && dice.chance(JUNK_PERCENT) {
            content[number * sector..(number + 1) * sector].fill_with(|| dice.number() as u8);
        }
    }
    for touch in pending {
        for number in touch.sectors(sector, whole) {
            if left[number] > 0 {
                left[number] -= 1;
                touch.apply_within(number * sector..(number + 1) * sector, &mut content, log);
            }
        }
    }
    content.truncate(dice.pick(&lengths));
    content
}
