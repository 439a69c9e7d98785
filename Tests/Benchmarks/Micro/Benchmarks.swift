/// Measures the parts of a download by themselves and prints one Markdown table for each.
///
/// `Tests/bench --micro` runs it as a release build. Times are processor time of one thread, the
/// best of several turns; nothing is judged.
@main enum Benchmarks {
  static func main() throws {
    HashingBenchmark.run()
    try BencodeBenchmark.run()
    try WireBenchmark.run()
    try PickerBenchmark.run()
  }
}
