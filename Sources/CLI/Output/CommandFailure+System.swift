package import Platform

extension CommandFailure {
  /// Creates a failure from a limit of the system that is too low, with advice.
  package init(_ shortage: SystemShortage) {
    switch shortage {
    case .memory(let kind, let limit, let needed):
      let option =
        switch kind {
        case .addressSpace: "-v"
        case .data: "-d"
        }
      self.init(
        .failure, "only \(ByteText.size(limit)) of memory may be used, which is too little",
        hint: "raise the limit: ulimit \(option) \((needed + 1023) / 1024)")
    case .threads(let count):
      self.init(
        .failure, "only \(count) threads can be started, which is too few",
        hint: "raise the limits on processes (ulimit -u) and on memory (ulimit -v)")
    case .files(let count):
      self.init(
        .inputOutputFailure, "only \(count) more files can be opened, which is too few",
        hint: "raise the limit: ulimit -n 256")
    }
  }
}
