import Primitives
import Testing

@testable import Swarm

/// The table of peers agrees with a dictionary, whatever comes and goes.
@Suite struct PeerRecordsTests {
  @Test(arguments: [UInt64(1), 2, 3])
  func comingAndGoingLosesNobody(seed: UInt64) {
    var random = SeededRandom(seed: seed)
    var records = PeerRecords()
    var model: [PeerNumber: Int] = [:]
    var living: [PeerNumber] = []
    var next = 0
    for step in 0..<3000 {
      // Up to a thousand at first, then hardly any, so that the table is crowded and thinned out.
      let arrives = Int.random(in: 0..<10, using: &random) < (step < 1500 ? 8 : 3)
      if arrives || living.isEmpty {
        // Gaps make numbers fall on the same place of the table.
        next += [1, 1, 1, 63, 64, 128].randomElement(using: &random) ?? 1
        let peer = PeerNumber(next)
        var record = Peer(pieces: Bitfield(count: 1))
        record.owed = step
        records.insert(peer, record, Dealings())
        model[peer] = step
        living.append(peer)
      } else {
        let peer = living.remove(at: Int.random(in: 0..<living.count, using: &random))
        records.remove(peer)
        records.remove(peer)
        model[peer] = nil
      }
      guard step % 25 == 0 || step > 2900 else { continue }
      #expect(records.count == model.count)
      let strangers = (0..<20).map { _ in PeerNumber(Int.random(in: 0...next, using: &random)) }
      for peer in living + strangers where records[peer]?.owed != model[peer] {
        Issue.record("\(peer) is \(String(describing: records[peer]?.owed)) at step \(step)")
        return
      }
    }
  }

  @Test func aChangeOfNobodyChangesNothing() {
    var records = PeerRecords()
    records.insert(PeerNumber(1), Peer(pieces: Bitfield(count: 1)), Dealings())
    records.change(PeerNumber(65)) { $0.owed += 1 }
    #expect(records[PeerNumber(1)]?.owed == 0)
    #expect(!records.contains(PeerNumber(65)))
  }
}
