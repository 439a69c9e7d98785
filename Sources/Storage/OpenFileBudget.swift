import Primitives
import Synchronization

/// The open files of all torrents of a session, within one limit.
///
/// A torrent that needs room beyond the limit takes it from the torrent with the most open files, so
/// all end up with about the same number. A file in use is never closed; if all are in use, the limit
/// is exceeded for a moment.
package final class OpenFileBudget: Sendable {
  private struct Member {
    weak var table: FileTable?
    /// The number of open files.
    var count = 0
    /// The number of the latest file that was opened, counted over all torrents.
    var latest = 0
  }

  private struct Books {
    var members: [ObjectIdentifier: Member] = [:]
    var total = 0
    var opened = 0
  }

  /// The number of files that may be open.
  let limit: Int
  private let books = Mutex(Books())

  /// Creates a budget of `limit` files.
  package init(limit: Int) {
    self.limit = limit
  }

  /// A Boolean value indicating whether no further file may be opened.
  var isFull: Bool { books.withLock { $0.total >= limit } }

  /// Counts a file that a torrent has opened.
  func opened(by table: FileTable) {
    books.withLock { books in
      books.opened += 1
      books.total += 1
      var member = books.members[ObjectIdentifier(table)] ?? Member(table: table)
      member.count += 1
      member.latest = books.opened
      books.members[ObjectIdentifier(table)] = member
    }
  }

  /// Counts a file that a torrent has closed.
  func closed(by table: FileTable) {
    books.withLock { books in
      let id = ObjectIdentifier(table)
      guard let count = books.members[id]?.count else { return }
      books.total -= 1
      books.members[id]?.count = count - 1
      if count == 1 { books.members[id] = nil }
    }
  }

  /// Forgets a torrent that ends.
  func forget(_ id: ObjectIdentifier) {
    books.withLock { books in
      guard let member = books.members.removeValue(forKey: id) else { return }
      books.total -= member.count
    }
  }

  /// Returns the other torrents, those with the most open files first; among equals the one that has
  /// opened none for the longest time.
  func others(than table: FileTable) -> [(table: FileTable, count: Int)] {
    // A reference loaded here may turn out to be a torrent's last one. Its release then calls
    // `forget`, which needs the lock.
    let members = books.withLock { Array($0.members.values) }
    return members.sorted { ($1.count, $0.latest) < ($0.count, $1.latest) }
      .compactMap { member in member.table.map { ($0, member.count) } }
      .filter { $0.table !== table }
  }
}
