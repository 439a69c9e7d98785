extension NameFacts.Kind {
  /// Returns the treatment of names by a file system, given its type as in statfs(2).
  ///
  /// The result for other types is `unknown`, so their names are tried.
  init(fileSystemType type: UInt64, folds: Bool) {
    self =
      switch type & 0xFFFF_FFFF {
      case _ where folds: .folding
      case 0xEF53,  // ext2, ext3, ext4
        0x0102_1994, 0x8584_58F6,  // tmpfs, ramfs
        0x9123_683E, 0x5846_5342,  // btrfs, XFS
        0xF2F5_2010, 0xCA45_1A4E,  // F2FS, bcachefs
        0x794C_7630, 0x6969,  // overlayfs, NFS
        0x7371_7368, 0x5265_4973:  // squashfs, ReiserFS
        .bytes
      case 0x4D44, 0x2011_BAB0,  // vfat, exFAT
        0xFF53_4D42, 0xFE53_4D42, 0x517B:  // CIFS, SMB 2, SMB
        .limited
      default: .unknown
      }
  }
}
