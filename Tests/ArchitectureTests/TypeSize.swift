/// The size of a type with all its extensions in its target.
struct TypeSize {
  /// The target and the type with the types around it, such as `Swarm.PieceBoard.Peer`.
  let name: String
  /// The stored properties of its values.
  private(set) var properties = 0
  /// The functions, `static` and `private` ones included.
  private(set) var methods = 0
  /// The names of the stored properties that keep closures.
  private(set) var closures: [String] = []

  /// Measures every type of the files, in order of name.
  static func measure(_ files: [SourceFile]) -> [TypeSize] {
    let members = files.map { (target: $0.target, declarations: $0.declarations) }
    let aliases = Set(members.flatMap(\.declarations).compactMap(\.functionAlias))
    var sizes: [String: TypeSize] = [:]
    for (target, declarations) in members {
      for member in declarations where !member.type.isEmpty {
        let name = "\(target).\(member.type)"
        sizes[name, default: TypeSize(name: name)].add(member, aliases: aliases)
      }
    }
    return sizes.values.sorted { $0.name < $1.name }
  }

  private mutating func add(_ member: Declaration, aliases: Set<String>) {
    properties += member.storedProperties
    if member.keyword == "func" { methods += 1 }
    if member.storesClosure(aliases: aliases) { closures.append(member.name) }
  }
}
